// Makes a virtual environment with the real Truss of Python, which the tests of test/truss ask what it thinks of ours.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./prepare.mjs";

const version = "0.18.35";
const constraints = join(root, "test", "truss", "constraints.txt");
const home = join(root, "node_modules", ".cache", "truss-venv");
const mark = join(home, ".installed");
const bin = process.platform === "win32" ? "Scripts" : "bin";

/** The Python that can import it; throws where there is none, or no package index. */
export function prepareTruss() {
  const python = join(home, bin, "python");
  const wanted = `${version}\n${readFileSync(constraints, "utf8")}`;
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return python;
  console.log(`Installing Truss ${version} (pip, into node_modules/.cache) …`);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  try {
    run(findPython(), ["-m", "venv", home]);
    // An older or newer Python may have to take other versions of what Truss needs.
    if (!install(python, ["-c", constraints])) run(python, pip([]));
    writeFileSync(mark, wanted);
    return python;
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
}

function findPython() {
  const names = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python3.9", "python"];
  const check = "import sys, venv, ensurepip; sys.exit(not (3, 9) <= sys.version_info < (3, 15))";
  const found = names.find((name) => spawnSync(name, ["-c", check], { stdio: "ignore" }).status === 0);
  if (found === undefined) throw new Error("there is no Python from 3.9 to 3.14 with venv");
  return found;
}

function install(python, options) {
  return spawnSync(python, pip(options), { stdio: "ignore" }).status === 0;
}

function pip(options) {
  const quiet = [
    "--quiet",
    "--no-compile",
    "--disable-pip-version-check",
    "--no-input",
    "--retries",
    "1",
    "--timeout",
    "20",
  ];
  return ["-m", "pip", "install", ...quiet, ...options, `truss==${version}`];
}

function run(program, args) {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status === 0) return;
  const why = error?.message ?? stderr.trim().split("\n").at(-1);
  throw new Error(`${args.includes("pip") ? "pip could not install it" : `${program} failed`}: ${why}`);
}
