// Makes a clone ready to work in: packages installed, dist/ built. Does nothing that was done already.
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs a program of this machine in the repository, its output shown. */
export function run(program, args, options = {}) {
  execFileSync(program, args, { cwd: root, stdio: "inherit", ...options });
}

/** npm, by way of the Node that runs this where npm started us. */
export function npm(...args) {
  const cli = process.env["npm_execpath"];
  if (cli !== undefined && cli.endsWith(".js")) run(process.execPath, [cli, ...args]);
  else run(process.platform === "win32" ? "npm.cmd" : "npm", args, { shell: process.platform === "win32" });
}

export function prepare() {
  const installed = new URL("../node_modules/.package-lock.json", import.meta.url);
  const wanted = new URL("../package-lock.json", import.meta.url);
  const stale = !existsSync(installed) || statSync(installed).mtimeMs < statSync(wanted).mtimeMs;
  if (stale) {
    console.log("Installing packages (npm ci) …");
    npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error");
  }
  run(process.execPath, [".ci/build.mjs"]);
}
