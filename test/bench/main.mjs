// npm run bench: measures truss-ts against its peers, each pair in turn in one run.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writePage } from "./page.mjs";
import * as cli from "./parts/cli.mjs";
import * as dev from "./parts/dev.mjs";
import * as init from "./parts/init.mjs";
import * as memory from "./parts/memory.mjs";
import * as push from "./parts/push.mjs";
import * as reload from "./parts/reload.mjs";
import * as serve from "./parts/serve.mjs";
import * as storm from "./parts/storm.mjs";
import * as stream from "./parts/stream.mjs";
import { formatText } from "./report.mjs";
import { describeMachine } from "./tools/machine.mjs";

/**
 * A part measures and gives figures, the ratios of those that belong together, what it could not measure and why,
 * what a reader should know, and what must never be, which fails the bench.
 * @typedef {(options: { quick: boolean, python: boolean, seed: number, progress: (done: number, all: number) => void }) => Promise<{
 *   figures: import("./tools/figures.mjs").Figure[], ratios: import("./tools/figures.mjs").Ratio[],
 *   skipped?: string[], notes?: string[], faults?: string[] }>} Part
 */
const parts = { cli, init, dev, reload, storm, memory, serve, stream, push };
const page = fileURLToPath(new URL("../../docs/performance.md", import.meta.url));
/** No run takes this long; one that does is stuck. Milliseconds. */
const longest = 60 * 60_000;

const usage = `npm run bench -- [part…] [flags]

Parts: ${Object.keys(parts).join(", ")} (without one: all)

  --quick      fewer runs
  --no-python  leave the Python truss out of serve
  --seed N     the edits of an earlier storm
  --json       print the raw results as JSON on stdout, the story on stderr
  --write      write what was measured to docs/performance.md
  --help`;

export async function main(argv) {
  const { values, positionals } = readArguments(argv);
  if (values.help === true) return console.log(usage);
  setTimeout(() => fail(`the bench did not end within ${longest / 60_000} minutes`), longest).unref();
  const say = values.json === true ? console.error : console.log;
  const machine = describeMachine();
  say(machine);

  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
  const results = [];
  for (const part of Object.keys(parts)) {
    if (positionals.length > 0 && !positionals.includes(part)) continue;
    const { title, about, measure } = parts[part];
    const progress = showProgress(part);
    const options = { quick: values.quick === true, python: values["no-python"] !== true, seed, progress };
    const found = await measure(options).catch((error) => fail(`${part}: ${error.stack}`));
    const flags = [...(options.quick ? ["--quick"] : []), ...(options.python ? [] : ["--no-python"])];
    const command = ["npm run bench --", part, ...flags].join(" ");
    const result = { part, title, about, command, date: new Date().toISOString().slice(0, 10), machine, ...found };
    results.push(result);
    say(`\n${formatText(result)}`);
  }
  if (values.json === true) console.log(JSON.stringify(results));
  if (values.write === true) {
    writePage(page, Object.keys(parts), results);
    say(`\nWritten to docs/performance.md`);
  }
  const faults = results.flatMap(({ part, faults: found = [] }) => found.map((fault) => `${part}: ${fault}`));
  if (faults.length > 0) fail(`\nThis must never be:\n${faults.join("\n")}`);
  // Nothing that was started is left to wait for.
  process.exit(0);
}

function readArguments(argv) {
  const flag = { type: "boolean" };
  const options = { quick: flag, "no-python": flag, seed: { type: "string" }, json: flag, write: flag, help: flag };
  try {
    const parsed = parseArgs({ args: argv, options, allowPositionals: true });
    const unknown = parsed.positionals.filter((name) => !Object.hasOwn(parts, name));
    if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(", ")}.`);
    if (!/^\d{1,9}$/.test(parsed.values.seed ?? "0")) throw new Error("--seed takes a number.");
    return parsed;
  } catch (error) {
    return fail(`${error.message}\n\n${usage}`, 2);
  }
}

/** One line that is written over, on a terminal only. */
function showProgress(part) {
  return (done, all) => {
    if (!process.stderr.isTTY) return;
    process.stderr.write(done === all ? "\r\u001B[K" : `\r\u001B[K${part}: round ${done} of ${all}`);
  };
}

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}
