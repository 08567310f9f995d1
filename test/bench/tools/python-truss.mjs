import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pythonFiles, writeFiles } from "./services.mjs";
import { cacheFolder, cleanEnv, run } from "./workshop.mjs";

export const pythonTrussVersion = "0.18.26";

/** Those for which its pinned packages have wheels come first. */
const candidates = ["python3.11", "python3.12", "python3.10", "python3.9", "python3", "python"];

/**
 * Installs the Python truss once, and lays its server out as its image builder does. Gives the program to start and
 * its folder. Throws where there is no Python, or no PyPI.
 */
export async function preparePythonTruss() {
  const python = await findPython();
  const home = cacheFolder(`python-truss-${pythonTrussVersion}-${python.version}`);
  const venv = join(home, "venv");
  const program = join(venv, "bin", "python");
  const templates = join(home, "wheel", "truss", "templates");
  const done = join(home, "complete");
  if (!existsSync(done)) await install({ python: python.program, home, venv, program, templates, done });
  const folder = writeFiles("python-truss", pythonFiles);
  cpSync(join(templates, "server"), folder, { recursive: true });
  cpSync(join(templates, "shared"), join(folder, "_truss_shared"), { recursive: true });
  return { program, args: ["loopback.py"], folder, version: python.version };
}

async function findPython() {
  const code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2]); assert sys.version_info >= (3, 9)";
  for (const program of candidates) {
    const found = await run(program, ["-c", code], { timeoutMs: 10_000 }).catch(() => undefined);
    if (found) return { program, version: found.stdout.trim() };
  }
  throw new Error("there is no Python 3.9 or newer (with venv)");
}

async function install({ python, home, venv, program, templates, done }) {
  rmSync(home, { recursive: true, force: true });
  await run(python, ["-m", "venv", venv], { timeoutMs: 120_000 });
  const pip = (...args) => run(program, ["-m", "pip", ...args], { timeoutMs: 480_000, env: cleanEnv() });
  const quiet = ["--quiet", "--disable-pip-version-check", "--retries", "1"];
  // Only its files are wanted: an image has the server's own requirements, not those of truss's command line.
  const target = join(home, "wheel");
  await pip("install", ...quiet, "--no-deps", "--target", target, `truss==${pythonTrussVersion}`);
  const server = join(templates, "server");
  const wanted = readFileSync(join(server, "requirements.txt"), "utf8").replaceAll(/^-i .*$/gm, "");
  const requirements = join(home, "requirements.txt");
  writeFileSync(requirements, wanted);
  await pip("install", ...quiet, "-r", requirements, "-c", join(server, "constraints.txt"));
  writeFileSync(done, "");
}
