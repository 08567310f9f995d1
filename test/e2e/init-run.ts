import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export const binary = fileURLToPath(new URL("../../bin/truss-ts.js", import.meta.url));

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface RunResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<RunResult>;
}

/** Starts the built command without a terminal. Its stdin stays open: whoever waits for it waits for ever. */
export function start(args: readonly string[], { cwd, env }: RunOptions): Run {
  const child = spawn(process.execPath, [binary, ...args], { cwd, env: environment(env), stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<RunResult>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}

export function run(args: readonly string[], options: RunOptions): Promise<RunResult> {
  return start(args, options).ended;
}

/** Neither the machine's CI nor its package manager shows through, unless a test says so. */
export function environment(env: RunOptions["env"] = {}): NodeJS.ProcessEnv {
  const merged = { ...process.env, CI: undefined, npm_config_user_agent: undefined, NO_COLOR: "1", ...env };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

/** A folder outside every git repository, gone when the test ends. */
export function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "truss-ts-init-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** PATH with a program of that name before all others. */
export function pathWith(name: string, script: string): string {
  const folder = makeFolder();
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  return `${folder}${delimiter}${process.env["PATH"] ?? ""}`;
}

/** Every file below, as paths with forward slashes, in order; `.git` counts as one. */
export function listFiles(folder: string, below = ""): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .flatMap((entry) => {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      return entry.isDirectory() && entry.name !== ".git" ? listFiles(folder, path) : [path];
    })
    .toSorted();
}

export function readJson(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(...path), "utf8"));
}
