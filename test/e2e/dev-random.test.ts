import { existsSync, readdirSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { createProject, descendants, isRunning, patience, startDev } from "./dev-server.ts";
import { createChance, createEdits, model, numbered } from "./random-edits.ts";

const seconds = Number(process.env["TRUSS_TS_RANDOM_SECONDS"] ?? 60);
const seed = Number(process.env["TRUSS_TS_SEED"] ?? Math.floor(Math.random() * 1e9));
const reload = seed % 2 === 0 ? "swap" : "hot";
const streamLines = 40;

interface Answer {
  readonly began: number;
  readonly ended: number;
  readonly status: number | string;
  readonly text: string;
}

/** One client with one connection that it keeps. */
function createClient(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const post = (body: string): Promise<Answer> =>
    new Promise((resolve) => {
      const began = performance.now();
      let [status, text]: [number | string, string] = ["no answer", ""];
      const finish = (how = status) => resolve({ began, ended: performance.now(), status: how, text });
      const sent = request(`${url}/predict`, {
        method: "POST",
        agent,
        headers: { "content-type": "application/json" },
      });
      sent.on("error", (error) => finish(error.message));
      sent.on("response", (answer) => {
        status = answer.statusCode ?? 0;
        answer.setEncoding("utf8");
        answer.on("data", (part: string) => (text += part));
        answer.on("error", (error) => finish(`cut: ${error.message}`));
        answer.on("end", () => finish());
      });
      sent.end(body);
    });
  return { post, close: () => agent.destroy() };
}

it(
  `random edits and kills under load for ${seconds} s, with --reload ${reload} and seed ${seed}`,
  async () => {
    console.log(`TRUSS_TS_SEED=${seed}`);
    const chance = createChance(seed);
    const project = createProject({ [model]: numbered(0), "model/scale.ts": "export const scale = 1;\n" });
    const edits = createEdits(project, chance);
    const dev = startDev(project, ["--reload", reload]);
    const url = await dev.url();
    const log: string[] = [];
    const kills: number[] = [];
    const faults: string[] = [];
    const counts = { posts: 0, streams: 0, lost: 0 };
    let over = false;
    const isOver = () => over;

    /** Only who was under way when a process was killed may have lost its answer. */
    const blame = (what: string, { began, ended, status, text }: Answer) => {
      counts.lost += 1;
      if (kills.some((at) => began <= at && at <= ended)) return;
      faults.push(`${what} from ${Math.round(began)} to ${Math.round(ended)}: ${status} ${text.slice(0, 200)}`);
    };
    const postOn = async () => {
      const client = createClient(url);
      for (let newest = 0; !isOver();) {
        const answer = await client.post("{}");
        counts.posts += 1;
        if (answer.status !== 200) {
          blame("a request", answer);
          continue;
        }
        const { value } = JSON.parse(answer.text) as { value: number };
        if (value < newest) faults.push(`${value} was served after ${newest}, at ${Math.round(answer.ended)}`);
        newest = value;
      }
      client.close();
    };
    const streamOn = async () => {
      const client = createClient(url);
      while (!isOver()) {
        const answer = await client.post(JSON.stringify({ lines: streamLines }));
        counts.streams += 1;
        const lines = answer.text.split("\n").slice(0, -1);
        const whole = lines.length === streamLines + 1 && lines.at(-1) === "end";
        if (answer.status !== 200 || !whole) blame("a stream", answer);
        if (new Set(lines).size > 2) faults.push(`a stream of several models: ${[...new Set(lines)].join()}`);
      }
      client.close();
    };
    const killOne = () => {
      const below = descendants(dev.process.pid ?? 0).filter(isRunning);
      if (below.length === 0) return "nobody to kill";
      const [pid, signal] = [chance.pick(below), chance.pick(["SIGKILL", "SIGSEGV"] as const)];
      kills.push(performance.now());
      if (isRunning(pid)) process.kill(pid, signal);
      return `${signal} to ${pid}`;
    };

    const clients = [...Array.from({ length: 4 }, postOn), streamOn()];
    for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
      const what = chance.below(6) === 0 ? killOne() : edits.any();
      log.push(`${Math.round(performance.now())} ${what}`);
      await delay(chance.pick([0, 20, 60, 150, 400, 1000]));
    }
    const last = edits.mend();
    log.push(`${Math.round(performance.now())} mended: ${last}`);
    const tell = () =>
      [`TRUSS_TS_SEED=${seed}`, ...faults, "", ...log, "", dev.stdout.slice(-3000), dev.stderr.slice(-3000)].join("\n");
    await dev.answers({ value: last, scale: 1 }).catch((error: unknown) => {
      throw new Error(tell(), { cause: error });
    });
    over = true;
    await Promise.all(clients);
    console.log(`${JSON.stringify(counts)}, ${log.length} edits and kills`);
    expect(faults, tell()).toEqual([]);
    expect(Math.min(counts.posts, counts.streams)).toBeGreaterThan(0);

    // The serving process, the spare and the bundler.
    const below = () => descendants(dev.process.pid ?? 0).filter(isRunning);
    await vi.waitFor(() => expect(below().length).toBeLessThanOrEqual(3), patience);
    const cache = join(project.dir, "node_modules/.cache/truss-ts");
    // What a process was started from is removed after it has ended.
    await vi.waitFor(() => {
      const [folder, ...others] = readdirSync(cache);
      // A process that was patched keeps what it was started from.
      expect(others.length, `${folder} ${others.join(" ")}`).toBeLessThanOrEqual(reload === "hot" ? 1 : 0);
      expect(readdirSync(join(cache, folder ?? "")).length).toBeLessThanOrEqual(2 * (4 + 1));
    }, patience);
    const left = below();
    expect(await dev.stop()).toBe(0);
    await vi.waitFor(() => expect(left.filter(isRunning)).toEqual([]), patience);
    expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([]);
  },
  (seconds + 120) * 1000,
);
