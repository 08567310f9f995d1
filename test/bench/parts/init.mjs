import { existsSync } from "node:fs";
import { join } from "node:path";
import { figuresOf, ratioOf, takeTurns } from "../tools/figures.mjs";
import { fillHonoCache, installScaffolders } from "../tools/npm-peers.mjs";
import { timeCommand } from "../tools/timed-command.mjs";
import { installTruss } from "../tools/truss-package.mjs";
import { makeFolder } from "../tools/workshop.mjs";

export const title = "Making a project";

export const about =
  "`truss-ts init --yes --no-install --no-git` (the `chat` template) against create-vite and create-hono, none of them " +
  "installing packages or asking the network, each into a new folder. CPU is that of all processes of the command.";

/** @type {import("../main.mjs").Part} */
export async function measure({ quick, progress }) {
  const truss = await installTruss();
  const ours = "truss-ts init";
  const commands = { [ours]: { argv: [truss.cli, "init", "project", "--yes", "--no-install", "--no-git"] } };
  const { peers, skipped, notes } = await findPeers();
  Object.assign(commands, peers);
  const once = async ({ argv, env, input }) => {
    const cwd = makeFolder("init");
    const taken = await timeCommand([process.execPath, ...argv], { cwd, env, input });
    if (!existsSync(join(cwd, "project", "package.json"))) throw new Error(`${argv.join(" ")} made no project`);
    return taken;
  };
  await takeTurns(commands, 1, once);
  const samples = await takeTurns(commands, quick ? 7 : 15, once, progress);
  const cpu = figuresOf(samples, "CPU", "ms", (sample) => sample.cpu);
  const wall = figuresOf(samples, "wall", "ms", (sample) => sample.wall);
  // Of create-hono's time on the wall, most is a timer (see the note): a ratio of it would say nothing.
  return { figures: [...cpu, ...wall], ratios: [...compare(cpu), ...compare(wall.slice(0, 2))], skipped, notes };
}

async function findPeers() {
  let scaffolders;
  try {
    scaffolders = await installScaffolders();
  } catch (error) {
    return { peers: {}, skipped: [`create-vite and create-hono: npm could not install them (${firstLine(error)})`] };
  }
  const { versions, createVite, createHono } = scaffolders;
  const hono = await fillHonoCache(createHono);
  const peers = {
    [`create-vite ${versions["create-vite"]}`]: {
      argv: [createVite, "project", "--template", "vanilla-ts", "--no-interactive"],
    },
    [`create-hono ${versions["create-hono"]}`]: {
      // It has no flag that says not to install; its question takes the answer from stdin.
      argv: [createHono, "project", "--template", "nodejs", "--pm", "npm", "--offline"],
      env: hono.env,
      input: "n",
    },
  };
  const looks =
    "create-hono starts each package manager that it knows to see whether it is there (npm counts here), and where one " +
    "of bun, deno, pnpm and yarn is missing it ends only when the three seconds that it gave them are over.";
  const standIn =
    "create-hono's template could not be downloaded from GitHub: it unpacked a stand-in of five small files from its " +
    "cache, which is less work than the real one.";
  return { peers, skipped: [], notes: hono.real ? [looks] : [looks, standIn] };
}

function compare([ours, ...peers]) {
  const peerWins =
    "create-vite and create-hono are one bundled file each and copy a folder; `init` loads commander, and names, " +
    "checks and renders what it writes.";
  return peers.map((peer) => ratioOf(ours, peer, { better: "lower", peerWins }));
}

function firstLine(error) {
  return String(error.message).split("\n", 1)[0];
}
