// Whatever the bench starts or writes goes through here, so that it all ends with the bench, also on Ctrl-C.
import { spawn } from "node:child_process";
import { closeSync, lstatSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const isWindows = process.platform === "win32";
const running = new Set();
/** Removed when the process ends, however it ends. */
const folder = mkdtempSync(join(tmpdir(), "truss-ts-bench-run-"));
let count = 0;

process.on("exit", () => {
  for (const child of running) killTree(child, "SIGKILL");
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
]) {
  process.on(signal, () => process.exit(code));
}

/** A fresh folder for this run. */
export function makeFolder(name) {
  count += 1;
  const path = join(folder, `${count}-${name}`);
  mkdirSync(path, { recursive: true });
  return path;
}

/** A folder that stays for the next run, and that nobody else on this machine can fill. */
export function cacheFolder(name) {
  const { uid } = userInfo();
  const base = join(tmpdir(), uid === -1 ? "truss-ts-bench" : `truss-ts-bench-${uid}`);
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const stat = lstatSync(base);
  if (!stat.isDirectory() || (uid !== -1 && stat.uid !== uid)) throw new Error(`${base} belongs to somebody else`);
  const path = join(base, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Our own environment without what npm and editors put there: it would change what the measured programs do. */
export function cleanEnv(extra = {}) {
  const foreign = /^(npm_|NODE_OPTIONS$|NODE_COMPILE_CACHE$|NODE_ENV$|FORCE_COLOR$|INIT_CWD$|TRUSS_)/i;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(kept), NO_COLOR: "1", ...extra };
}

/**
 * Starts a program in a group of its own. `onLine` is told each line of its stdout, which is thrown away without it;
 * `failureText()` has the end of its stderr.
 */
export function start(program, args, { cwd, env = cleanEnv(), onLine } = {}) {
  const log = join(makeFolder("log"), "stderr");
  const stderr = openSync(log, "w");
  const stdio = ["ignore", onLine === undefined ? "ignore" : "pipe", stderr];
  const child = spawn(program, args, { cwd, env, stdio, detached: !isWindows });
  if (onLine !== undefined) createInterface({ input: child.stdout }).on("line", onLine);
  closeSync(stderr);
  running.add(child);
  const exited = new Promise((resolve) => {
    child.once("error", resolve);
    child.once("exit", resolve);
  });
  return {
    pid: child.pid,
    exited,
    failureText: () => readFileSync(log, "utf8").trim().split("\n").slice(-12).join("\n"),
    /** Asks politely, then insists, and sees to it that nothing of the group is left. */
    async stop() {
      killTree(child, "SIGTERM");
      const late = setTimeout(() => killTree(child, "SIGKILL"), 4000);
      await exited;
      clearTimeout(late);
      killTree(child, "SIGKILL");
      running.delete(child);
    },
  };
}

/** Runs a program to its end. Throws when it fails or takes longer than it may. `onError` is told each line of its stderr. */
export async function run(program, args, { cwd, env = cleanEnv(), timeoutMs = 60_000, shell = false, onError } = {}) {
  const child = spawn(program, args, { cwd, env, shell, stdio: ["ignore", "pipe", "pipe"], detached: !isWindows });
  running.add(child);
  const late = setTimeout(() => killTree(child, "SIGKILL"), timeoutMs);
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name].setEncoding("utf8");
    child[name].on("data", (text) => {
      texts[name] += text;
    });
  }
  if (onError !== undefined) createInterface({ input: child.stderr }).on("line", onError);
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ?? code));
  }).finally(() => {
    clearTimeout(late);
    running.delete(child);
  });
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}\n${texts.stderr.slice(-2000)}`);
  return texts;
}

/** npm, by way of the Node that runs this where npm started us. */
export function npm(args, options) {
  const cli = process.env["npm_execpath"];
  if (cli?.endsWith(".js")) return run(process.execPath, [cli, ...args], options);
  return run(isWindows ? "npm.cmd" : "npm", args, { ...options, shell: isWindows });
}

/** A port of the loopback address that was free a moment ago. */
export function findFreePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function killTree(child, signal) {
  try {
    if (isWindows) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It is gone already, which is what we want.
  }
}
