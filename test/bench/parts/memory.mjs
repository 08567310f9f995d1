import { setTimeout as wait } from "node:timers/promises";
import { awaitAnswer } from "../tools/first-answer.mjs";
import { listTree, settle } from "../tools/process-tree.mjs";
import { replaceFile, startTool, writeProject } from "../tools/reload-project.mjs";
import { oneFile } from "../tools/reload-services.mjs";
import { describeVersions, findTools } from "../tools/reload-tools.mjs";
import { question } from "../tools/services.mjs";

export const title = "Memory after many reloads";

const [swap, hot, peer] = ["truss-ts dev", "truss-ts dev --reload hot", "bun --hot"];
const goal = 1.2;

export const about =
  "The one-file project, edited again and again, each edit a tenth of a second after the first answer of the one before; " +
  "what its processes take once all that was replaced has ended and the rest has come to rest. RSS counts pages that " +
  "several processes share once for each, PSS once. Model processes are the one that serves and its spare.";

const swingNote =
  "The supervisor's memory rises by about a fourth until V8 makes its next large collection, and falls again: a ratio " +
  "of two moments says little below that.";

/** What is left of old generations may finish first. Milliseconds. */
const drainMs = 15_000;

/** @type {import("../main.mjs").Part} */
export async function measure({ quick, progress }) {
  if (process.platform === "win32")
    return { figures: [], ratios: [], skipped: ["memory: Windows tells nothing of it"] };
  const { found, skipped } = await findTools([swap, hot, peer]);
  const marks = quick ? [10, 60] : [20, 200];
  const names = Object.keys(found);
  const states = {};
  for (const [at, name] of names.entries()) {
    const step = (done) => progress(at * marks[1] + done, names.length * marks[1]);
    states[name] = await reloadUntil(found[name], marks, step);
  }
  return {
    figures: names.flatMap((name) => marks.flatMap((mark, at) => figuresAt(name, mark, states[name][at]))),
    ratios: names.flatMap((name) => ratiosOf(name, marks, states[name])),
    skipped,
    notes: [swingNote, describeVersions(["bun"])],
  };
}

/** What the processes take at each of two numbers of reloads. */
async function reloadUntil(tool, marks, progress) {
  const project = writeProject(tool, oneFile);
  const server = await startTool(tool, project, question);
  const states = [];
  try {
    await settle(server.pid);
    const processes = listTree(server.pid).length;
    for (let version = 1; version <= marks[1]; version += 1) {
      replaceFile(project.edited, project.render(version));
      const isWanted = (body) => JSON.parse(body).version === version;
      await awaitAnswer({ port: server.port, path: "/predict", body: question, server, isWanted });
      await wait(100);
      if (marks.includes(version)) states.push(await readState(server.pid, processes));
      progress(version);
    }
    return states;
  } finally {
    await server.stop();
  }
}

async function readState(pid, processes) {
  const deadline = performance.now() + drainMs;
  await settle(pid);
  while (listTree(pid).length > processes && performance.now() < deadline) await wait(200);
  await settle(pid);
  const tree = listTree(pid);
  const [root, ...children] = tree;
  const pss = process.platform === "linux" ? tree.reduce((total, entry) => total + entry.readPss(), 0) : Number.NaN;
  const models = children.filter(({ command }) => !command.includes("esbuild"));
  const sum = (entries) => entries.reduce((total, { rss }) => total + rss, 0);
  return {
    root: root.rss,
    models: models.map(({ rss }) => rss),
    children: sum(children),
    all: sum(tree),
    pss,
    count: tree.length,
  };
}

function figuresAt(name, mark, { root, models, children, all, pss, count }) {
  const figure = (metric, samples, unit = "MiB") => ({ name, metric: `${mark} reloads, ${metric}`, unit, samples });
  const one = [figure("RSS", [all]), figure("PSS", [pss])];
  if (count === 1) return one;
  return [
    ...one,
    figure("RSS of the supervisor", [root]),
    figure("RSS of its children", [children]),
    figure("RSS of a model process", models),
    figure("processes", [count], ""),
  ];
}

function ratiosOf(name, [early, late], [before, after]) {
  const wanted = name === peer ? {} : { goal };
  const ratio = (metric, key) => ({
    name: `${name}, ${late} reloads / ${early}, ${metric}`,
    samples: [after[key] / before[key]],
    better: "lower",
    ...wanted,
  });
  if (name === peer) return [ratio("RSS", "all")];
  return [ratio("RSS", "all"), ratio("RSS of the supervisor", "root"), ratio("PSS", "pss")];
}
