// npm test: makes the clone ready, then runs every check and every test. The last line is "N passed, N failed".
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepare, root } from "./prepare.mjs";

prepare();

const bin = (name) => join(root, "node_modules", ".bin", name);
const scripts = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts;
const reports = mkdtempSync(join(tmpdir(), "truss-ts-reports-"));
const asked = process.argv.slice(2);
let passed = 0;
let failed = 0;

for (const check of ["lint", "format:check", "types", "dead-code"]) {
  if (asked.length > 0 && !asked.includes(check)) continue;
  const { status } = shell(scripts[check]);
  count(check, status === 0 ? 1 : 0, status === 0 ? 0 : 1);
}
for (const part of ["unit", "contract", "e2e", "package"]) {
  if (asked.length > 0 && !asked.includes(part)) continue;
  const report = join(reports, `${part}.json`);
  const args = ["run", "-c", "test/vitest.config.ts", "--project", part];
  const { status } = run(bin("vitest"), [
    ...args,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ]);
  const result = readReport(report);
  // A part that broke down, or that ran nothing, has failed whatever it counted.
  const broken = result === undefined || result.numTotalTests === 0 || (status !== 0 && result.numFailedTests === 0);
  count(part, result?.numPassedTests ?? 0, (result?.numFailedTests ?? 0) + (broken ? 1 : 0));
}

rmSync(reports, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function count(name, good, bad) {
  passed += good;
  failed += bad;
  console.log(`${bad === 0 ? "ok  " : "FAIL"} ${name}: ${good} passed, ${bad} failed\n`);
}

function run(program, args) {
  console.log(`> ${program.split(/[\\/]/).at(-1)} ${args.join(" ")}`);
  return spawnSync(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
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
