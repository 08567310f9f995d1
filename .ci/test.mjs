// npm test: makes the clone ready, then runs every check and every test. The last line is "N passed, N failed".
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareClients } from "./clients.mjs";
import { prepareImages } from "./images.mjs";
import { prepare, root } from "./prepare.mjs";
import { prepareTruss } from "./truss.mjs";

prepare();

const bin = (name) => join(root, "node_modules", ".bin", name);
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const scripts = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts;
const reports = mkdtempSync(join(tmpdir(), "truss-ts-reports-"));
const asked = process.argv.slice(2);
const tools = {
  clients: {
    prepare: () => ({ node: prepareClients(), env: { TRUSS_TS_SERVING_NODE: process.execPath } }),
    absent: { TRUSS_TS_CLIENTS: "absent" },
    trouble: "their packages could not be installed",
  },
  truss: {
    prepare: () => ({ env: { TRUSS_TS_TRUSS_PYTHON: prepareTruss() } }),
    absent: { TRUSS_TS_TRUSS_PYTHON: "absent" },
    trouble: "Python's truss is not to be had",
  },
  images: {
    prepare: () => (prepareImages(), { env: { TRUSS_TS_IMAGES: "required" } }),
    absent: { TRUSS_TS_IMAGES: "absent" },
    trouble: "programs for containers are missing",
  },
};
// All but the first two mostly wait for programs that they have started. The clients bring a second Node with them, under
// which later parts build the same project once more.
const workers = { clients: 2, unit: 2, contract: 3, e2e: 4, package: 2, truss: 3, images: 3 };
let passed = 0;
let failed = 0;
const skipped = [];

for (const check of ["lint", "format:check", "types", "dead-code"]) {
  if (asked.length > 0 && !asked.includes(check)) continue;
  const { status } = shell(scripts[check]);
  count(check, status === 0 ? 1 : 0, status === 0 ? 0 : 1);
}
for (const part of Object.keys(workers)) {
  if (asked.length > 0 && !asked.includes(part)) continue;
  const found = findTools(part);
  const report = join(reports, `${part}.json`);
  const args = ["run", "-c", "test/vitest.config.ts", "--project", part, `--maxWorkers=${workers[part]}`];
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { status } = run(found.node ?? process.execPath, [vitest, ...args, ...reporters], found.env);
  const result = readReport(report);
  if (found.why !== undefined) {
    skipped.push(`SKIPPED ${part}: ${result?.numPendingTests ?? "all"} cases, since ${found.why}`);
    continue;
  }
  // A part that broke down, or that ran nothing, has failed whatever it counted.
  const nothing = result === undefined || result.numPassedTests + result.numFailedTests === 0;
  const broken = nothing || (status !== 0 && result.numFailedTests === 0);
  count(part, result?.numPassedTests ?? 0, (result?.numFailedTests ?? 0) + (broken ? 1 : 0));
}

rmSync(reports, { recursive: true, force: true });
for (const line of skipped) console.log(line);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function count(name, good, bad) {
  passed += good;
  failed += bad;
  console.log(`${bad === 0 ? "ok  " : "FAIL"} ${name}: ${good} passed, ${bad} failed\n`);
}

/**
 * What a part needs that this repository's packages do not bring. Where it cannot be had the part's cases are counted
 * instead of run, unless the part's variable, such as TRUSS_TS_TRUSS, is "required".
 */
function findTools(part) {
  const row = tools[part];
  if (row === undefined) return {};
  try {
    return row.prepare();
  } catch (error) {
    if (process.env[`TRUSS_TS_${part.toUpperCase()}`] === "required") throw error;
    return { env: row.absent, why: `${row.trouble} (${error.message})` };
  }
}

function run(program, args, env = {}) {
  console.log(`> ${[program, ...args].map((word) => word.replace(root, "")).join(" ")}`);
  return spawnSync(program, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
}

function shell(command) {
  const [program, ...args] = command.split(" ");
  return run(bin(program), args);
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
