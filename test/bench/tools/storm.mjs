import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { replaceFile } from "./reload-project.mjs";
import { cleanEnv } from "./workshop.mjs";

const clientFile = fileURLToPath(new URL("storm-client.mjs", import.meta.url));
/** Milliseconds between two edits. */
const [shortestPause, longestPause] = [20, 300];
/** One of so many edits is broken. */
const brokenEvery = 5;
/** How long the last edit may take to be served. */
const lastEditMs = 20_000;

const breakages = {
  syntax: (text) => `${text}\nexport const broken = ;\n`,
  import: (text) => `import "./not-there.ts";\n${text}`,
  throw: (text) => `${text}\nthrow new Error("broken on purpose");\n`,
  rejection: (text) => `${text}\nawait Promise.reject(new Error("broken on purpose"));\n`,
};
/** What ends the process that evaluates it, for the tool that survives this. */
const exit = (text) => `${text}\nprocess.exit(3);\n`;

/**
 * Edits a project again and again, at times and in ways that a seed decides, while clients in a process of their own
 * ask without a pause. Gives what they have seen, and whether the last edit was ever served.
 */
export async function raiseStorm({ project, server, edits, seed, withExit }) {
  const random = createRandom(seed);
  const ways = [...Object.values(breakages), ...(withExit ? [exit] : [])];
  const client = startClient(server.port);
  try {
    await client.sees(0);
    for (let version = 1; version <= edits; version += 1) {
      await wait(shortestPause + random() * (longestPause - shortestPause));
      const [isBroken, way, inPlace] = [random() < 1 / brokenEvery, random() * ways.length, random() < 0.5];
      const good = project.render(version);
      const text = isBroken && version < edits ? ways[Math.floor(way)](good) : good;
      if (inPlace) writeFileSync(project.edited, text);
      else replaceFile(project.edited, text);
    }
    const settled = await client.sees(edits);
    return { ...(await client.stop()), settled };
  } finally {
    client.kill();
  }
}

function startClient(port) {
  const child = fork(clientFile, { env: cleanEnv(), execArgv: [] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const told = { newest: -1 };
  let wake = () => undefined;
  const done = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the storm's client ended with ${code} and no result`)));
    child.on("message", (message) => {
      if (message.type === "done") return resolve(message.seen);
      told.newest = message.version;
      return wake();
    });
  });
  done.catch(() => undefined);
  child.send({ port });
  return {
    /** Whether an answer of this version or a newer one has come in time. */
    async sees(version) {
      const deadline = performance.now() + lastEditMs;
      while (told.newest < version && performance.now() < deadline) {
        const woken = new Promise((resolve) => {
          wake = resolve;
        });
        await Promise.race([woken, wait(deadline - performance.now(), undefined, { ref: false }), done]);
      }
      return told.newest >= version;
    },
    stop() {
      child.send({ type: "stop" });
      return done;
    },
    kill() {
      process.off("exit", kill);
      kill();
    },
  };
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
