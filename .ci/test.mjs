// npm test: makes the clone ready, then runs every check and every test. The last line is "N passed, N failed".
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareClients } from "./clients.mjs";
import { prepare, root } from "./prepare.mjs";

prepare();

const bin = (name) => join(root, "node_modules", ".bin", name);
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const scripts = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts;
const reports = mkdtempSync(join(tmpdir(), "truss-ts-reports-"));
const asked = process.argv.slice(2);
let passed = 0;
let failed = 0;
const skipped = [];

for (const check of ["lint", "format:check", "types", "dead-code"]) {
  if (asked.length > 0 && !asked.includes(check)) continue;
  const { status } = shell(scripts[check]);
  count(check, status === 0 ? 1 : 0, status === 0 ? 0 : 1);
}
for (const part of ["unit", "contract", "e2e", "clients", "package"]) {
  if (asked.length > 0 && !asked.includes(part)) continue;
  const clients = part === "clients" ? findClients() : undefined;
  const report = join(reports, `${part}.json`);
  // The tests of the command line mostly wait for programs that they have started.
  const workers = part === "e2e" ? ["--maxWorkers=3"] : [];
  const args = ["run", "-c", "test/vitest.config.ts", "--project", part, ...workers];
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { status } = run(clients?.node ?? process.execPath, [vitest, ...args, ...reporters], clients?.env);
  const result = readReport(report);
  if (clients?.why !== undefined) {
    skipped.push(`SKIPPED clients: ${result?.numPendingTests ?? "all"} cases, since ${clients.why}`);
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
 * What runs the clients. Without a registry there is nothing to run them with, and they are counted instead, unless
 * TRUSS_TS_CLIENTS is "required".
 */
function findClients() {
  try {
    return { node: prepareClients(), env: { TRUSS_TS_SERVING_NODE: process.execPath } };
  } catch (error) {
    if (process.env["TRUSS_TS_CLIENTS"] === "required") throw error;
    return { env: { TRUSS_TS_CLIENTS: "absent" }, why: `their packages could not be installed (${error.message})` };
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
