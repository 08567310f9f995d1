import { writeFileSync } from "node:fs";
import { awaitAnswer } from "../tools/first-answer.mjs";
import { median, percentile, ratioOf, takeTurns } from "../tools/figures.mjs";
import { settle } from "../tools/process-tree.mjs";
import { replaceFile, startTool, writeProject } from "../tools/reload-project.mjs";
import { heavy, oneFile, thirtyFiles } from "../tools/reload-services.mjs";
import { describeVersions, findTools } from "../tools/reload-tools.mjs";
import { question } from "../tools/services.mjs";
import { packageFolder } from "../tools/truss-package.mjs";

export const title = "From an edit to the first new answer";

export const about =
  "The same JSON route, written for each tool as its users would. An edit changes a number that the answer tells, in " +
  "code that runs with each request; the time is from the edit (a new file beside the old one takes its place) to the " +
  "end of the first answer with the new number, asked every 2 ms on a new connection. All tools run from the first " +
  "round to the last and are edited in turn, each after the one before it has come to rest. Thirty files: a leaf at " +
  "the end of a chain of three imports is edited. Heavy: the model also imports openai, @anthropic-ai/sdk and zod.";

const [swap, hot, tsx] = ["truss-ts dev", "truss-ts dev --reload hot", "tsx watch"];

const suites = [
  { what: "one file", service: oneFile, goals: { swap: 60, hot: 20 } },
  { what: "30 files", service: thirtyFiles, goals: { swap: 60, hot: 20 } },
  { what: "heavy", service: heavy, goals: { swap: 100, hot: 20 }, only: [swap, hot, tsx] },
];

/** How long an edit may stay unseen before it counts as missed, and how many of those end a tool's part. */
const missedMs = 10_000;
const missedLimit = 3;
const warmUpRounds = 2;

/** @type {import("../main.mjs").Part} */
export async function measure({ quick, progress }) {
  const { found, skipped } = await findTools();
  const rounds = quick ? 10 : 30;
  const results = [];
  for (const [at, suite] of suites.entries()) {
    const step = (done) => progress(at * rounds + done, suites.length * rounds);
    results.push(await measureSuite(suite, found, rounds, step));
  }
  return {
    figures: results.flatMap((result) => result.figures),
    ratios: results.flatMap((result) => result.ratios),
    skipped: [...skipped, ...results.flatMap((result) => result.skipped)],
    notes: [...results.flatMap((result) => result.notes), describeVersions(), nodeNote],
  };
}

const nodeNote =
  "`node --watch` runs the same service as plain JavaScript, and its file is written in place: where a new file takes " +
  "the place of the old one, it sees the first edit and none after it.";

async function measureSuite({ what, service, goals, only }, found, rounds, progress) {
  const names = Object.keys(found).filter((name) => only?.includes(name) ?? true);
  const { subjects, skipped } = await startAll(names, found, service, what);
  try {
    await takeTurns(subjects, warmUpRounds, editOnce);
    for (const { server } of Object.values(subjects)) server.events.length = 0;
    const samples = await takeTurns(subjects, rounds, editOnce, progress);
    const { figures, missed } = figuresOfSuite(samples, what);
    const told = [swap, hot].flatMap((name) => figureTold(name, what, subjects[name]));
    const notes = [hotNote(what, subjects[hot], rounds), ...missed].filter((note) => note !== undefined);
    return { figures: [...figures, ...told], ratios: compare(samples, what, goals), skipped, notes };
  } finally {
    await Promise.all(Object.values(subjects).map(({ server }) => server.stop()));
  }
}

async function startAll(names, found, service, what) {
  const subjects = {};
  const skipped = [];
  const packages = ["openai", "@anthropic-ai/sdk", "zod"].map((name) => [name, packageFolder(name)]);
  for (const name of names) {
    try {
      const project = writeProject(found[name], service, Object.fromEntries(packages));
      const server = await startTool(found[name], project, question);
      await settle(server.pid);
      subjects[name] = { project, server, inPlace: found[name].inPlace === true, version: 0, missed: 0 };
    } catch (error) {
      skipped.push(`${name}, ${what}: ${error.message.split("\n").slice(0, 3).join(" ")}`);
    }
  }
  return { subjects, skipped };
}

/** One edit; gives milliseconds to its first answer, or NaN where there was none. */
async function editOnce(subject) {
  const { project, server, inPlace } = subject;
  if (subject.missed >= missedLimit) return Number.NaN;
  const version = (subject.version += 1);
  const text = project.render(version);
  const isWanted = (body) => versionOf(body) === version;
  const begun = performance.now();
  if (inPlace) writeFileSync(project.edited, text);
  else replaceFile(project.edited, text);
  try {
    await awaitAnswer({ port: server.port, path: "/predict", body: question, server, timeoutMs: missedMs, isWanted });
    return performance.now() - begun;
  } catch {
    subject.missed += 1;
    return Number.NaN;
  } finally {
    await settle(server.pid);
  }
}

/** Undefined for an answer that some tools give while they have none. */
function versionOf(body) {
  try {
    return JSON.parse(body).version;
  } catch {
    return undefined;
  }
}

function figuresOfSuite(samples, what) {
  const seen = Object.entries(samples).map(([name, all]) => [name, all.filter(Number.isFinite), all.length]);
  const some = seen.filter(([, times]) => times.length > 0);
  const figures = [
    ...some.map(([name, times]) => ({ name, metric: what, unit: "ms", samples: times })),
    ...some.map(([name, times]) => ({ name, metric: `${what}, p95`, unit: "ms", samples: [percentile(times, 0.95)] })),
  ];
  const missed = seen
    .filter(([, times, edits]) => times.length < edits)
    .map(([name, times, edits]) => `${name}, ${what}: ${times.length} of ${edits} edits were ever seen.`);
  return { figures, missed };
}

/** From the change being seen to the swap, as `dev` says itself; what is missing to our figure is before and after. */
function figureTold(name, what, subject) {
  const times = reloadsOf(subject).map((event) => event.ms);
  return times.length === 0 ? [] : [{ name, metric: `${what}, told by itself`, unit: "ms", samples: times }];
}

function hotNote(what, subject, rounds) {
  if (subject === undefined) return undefined;
  const count = reloadsOf(subject).filter((event) => event.how === "hot").length;
  return `${hot}, ${what}: ${count} of the ${rounds} edits were hot reloads, the others swaps.`;
}

function reloadsOf(subject) {
  return subject?.server.events.filter(({ event }) => event === "reloaded") ?? [];
}

function compare(samples, what, goals) {
  const figure = (name) => ({ name, metric: what, samples: samples[name] ?? [] });
  const inProcess =
    "it evaluates the changed module again where it serves; a hot reload builds the whole model, judges whether the live " +
    "instance can take the edit, and has the model's own process take it, behind a proxy that outlives this process.";
  const ratios = [
    goalOf(figure(swap), goals.swap),
    ratioOf(figure(tsx), figure(swap), { better: "higher", goal: 5 }),
    goalOf(figure(hot), goals.hot),
    ...["bun --hot", "nitro (Vite)"].map((peer) =>
      ratioOf(figure(hot), figure(peer), { better: "lower", peerWins: inProcess }),
    ),
  ];
  return ratios.filter((ratio) => ratio.samples.length > 0 && Number.isFinite(median(ratio.samples)));
}

/** A goal in milliseconds as a ratio to it. */
function goalOf({ name, metric, samples }, goal) {
  const known = samples.filter(Number.isFinite).map((sample) => sample / goal);
  return { name: `${name} / ${goal} ms, ${metric}`, samples: known, better: "lower", goal: 1 };
}
