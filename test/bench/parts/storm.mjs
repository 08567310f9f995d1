import { figuresOf, median, takeTurns } from "../tools/figures.mjs";
import { settle } from "../tools/process-tree.mjs";
import { startTool, writeProject } from "../tools/reload-project.mjs";
import { telling } from "../tools/reload-services.mjs";
import { describeVersions, findTools } from "../tools/reload-tools.mjs";
import { raiseStorm } from "../tools/storm.mjs";

export const title = "A storm of edits";

const ours = "truss-ts dev";
const silenceGoal = 200;
const question = JSON.stringify({ id: 0, wait: 0, stream: false });

export const about =
  "Sixteen clients post without a pause on kept connections, four read streams of a second one after the other, and one " +
  "posts on a new connection each time, while 50 edits land, 20 to 300 ms apart: half of them written in place, half by " +
  "a new file that takes the old one's place; one in five is broken (a syntax error, a missing import, a throw or a " +
  "rejection at the top level; for truss-ts also `process.exit`, which would end the others for good). A client that was " +
  "refused tries again after 10 ms. Each answer tells in several places which edit it is of: `mixed` are those that tell " +
  "of two, `older after newer` those that tell of an older edit than an answer that had ended before they were asked " +
  "for. Silence is the longest time in which no answer at all came to its end.";

/** What must be zero, of ours. */
const zeros = {
  failed: "failed requests",
  refusedStreams: "refused streams",
  cutStreams: "cut streams",
  mixed: "mixed answers",
  older: "older after newer",
};

/** @type {import("../main.mjs").Part} */
export async function measure({ quick, seed, progress }) {
  const { found, skipped } = await findTools([ours, "tsx watch", "bun --hot", "nitro (Vite)"]);
  const [edits, runs] = quick ? [25, 1] : [50, 3];
  let round = 0;
  const once = (tool, name) => stormOnce(tool, name, edits, seed + Math.floor(round++ / Object.keys(found).length));
  const samples = await takeTurns(found, runs, once, progress);
  const silence = samples[ours].map((sample) => sample.longestSilence / silenceGoal);
  return {
    figures: figuresOfStorms(samples),
    ratios: [{ name: `${ours} / ${silenceGoal} ms, longest silence`, samples: silence, better: "lower", goal: 1 }],
    faults: faultsOf(samples[ours], seed),
    skipped,
    notes: [
      ...Object.entries(samples).flatMap(describeFailures),
      seedNote(seed, edits, quick),
      describeVersions(["tsx", "hono", "bun", "nitro", "vite"]),
    ],
  };
}

/** A round of all has the same edits. */
async function stormOnce(tool, name, edits, seed) {
  const project = writeProject(tool, telling);
  const server = await startTool(tool, project, question);
  try {
    await settle(server.pid);
    return await raiseStorm({ project, server, edits, seed, withExit: name === ours });
  } finally {
    await server.stop();
  }
}

function figuresOfStorms(samples) {
  return [
    ...figuresOf(samples, "requests", "", (sample) => sample.requests),
    ...figuresOf(samples, "failed requests", "", (sample) => sample.failed),
    ...figuresOf(samples, "streams", "", (sample) => sample.streams),
    ...figuresOf(samples, "refused streams", "", (sample) => sample.refusedStreams),
    ...figuresOf(samples, "cut streams", "", (sample) => sample.cutStreams),
    ...figuresOf(samples, "mixed answers", "", (sample) => sample.mixed),
    ...figuresOf(samples, "older after newer", "", (sample) => sample.older),
    ...figuresOf(samples, "longest silence", "ms", (sample) => Math.round(sample.longestSilence)),
  ];
}

function faultsOf(samples, seed) {
  return samples.flatMap((sample, run) => {
    const told = Object.entries(zeros).filter(([key]) => sample[key] > 0);
    const counts = told.map(([key, what]) => `${sample[key]} ${what}`);
    if (!sample.settled) counts.push(`the last edit was not served within 20 s (the newest was ${sample.newest})`);
    return counts.map((count) => `${ours}, seed ${seed + run}: ${count}; ${describeReasons(sample)}`);
  });
}

function describeFailures([name, samples]) {
  const middle = median(samples.map(({ failed }) => failed));
  const some = samples.find(({ failed }) => failed === middle) ?? samples[0];
  const late = some.settled ? "" : " The last edit was not served within 20 s.";
  return Object.keys(some.reasons).length === 0 && late === "" ? [] : [`${name}: ${describeReasons(some)}.${late}`];
}

function describeReasons({ reasons }) {
  const list = Object.entries(reasons).map(([reason, count]) => `${count} × ${reason}`);
  return list.length === 0 ? "no request failed" : list.join(", ");
}

function seedNote(seed, edits, quick) {
  return `Seed ${seed}, ${edits} edits a run: \`npm run bench -- storm --seed ${seed}${quick ? " --quick" : ""}\` has the same edits.`;
}
