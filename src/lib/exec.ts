import { existsSync } from "node:fs";
import type { Options } from "execa";

export interface ExecOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The whole environment; by default our own. `undefined` takes a variable away. */
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the program and all that it started. */
  readonly signal?: AbortSignal;
  /** Written to its stdin, which is then closed. */
  readonly input?: string;
  /** Each line as it comes, on either stream. */
  readonly onLine?: (line: string) => void;
  /** Milliseconds, after which it is ended and counts as failed. */
  readonly timeout?: number;
}

export type ExecResult =
  | { readonly how: "done"; readonly stdout: string; readonly stderr: string; readonly output: string }
  /** `output` is both streams as they came; `what` says how it ended: `exit code 1`, `signal SIGKILL`. */
  | {
      readonly how: "failed";
      readonly what: string;
      readonly stdout: string;
      readonly stderr: string;
      readonly output: string;
    }
  /** There is no such program. */
  | { readonly how: "missing" }
  | { readonly how: "aborted" };

const windows = process.platform === "win32";
/** How long an aborted program may take to clean up, in milliseconds. */
const graceMs = 3_000;

/** Runs a program to its end, without a terminal: nothing that it asks can make us wait. Never throws. */
export async function exec(options: ExecOptions): Promise<ExecResult> {
  const { program, args, signal, onLine } = options;
  if (isAborted(signal)) return { how: "aborted" };
  // Loaded here, and not with the file, because it is slow to load.
  const { execa } = await import("execa");
  const child = execa(program, args, toExecaOptions(options));
  const stopWatching = endOnAbort(child.pid, signal);
  const told = onLine === undefined ? undefined : tellLines(child.iterable({ from: "all" }), onLine);
  const result = await child;
  await told;
  stopWatching();
  return isAborted(signal) ? { how: "aborted" } : readResult(result, options);
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function toExecaOptions({ cwd, env, input, timeout }: ExecOptions) {
  return {
    reject: false,
    all: true,
    // Its own group, so that whatever it has started ends with it.
    detached: !windows,
    maxBuffer: 64 * 2 ** 20,
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env, extendEnv: false }),
    ...(input === undefined ? { stdin: "ignore" as const } : { input }),
    ...(timeout === undefined ? {} : { timeout }),
  } satisfies Options;
}

async function tellLines(lines: AsyncIterable<unknown>, onLine: (line: string) => void): Promise<void> {
  try {
    for await (const line of lines) if (typeof line === "string" && line.trim() !== "") onLine(line.trimEnd());
  } catch {
    // The result tells how it ended.
  }
}

/** What is read of execa's result. */
interface Ended {
  readonly failed: boolean;
  readonly timedOut: boolean;
  readonly stdout?: string | undefined;
  readonly stderr?: string | undefined;
  readonly all?: string | undefined;
  readonly code?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
}

function readResult(result: Ended, { cwd }: ExecOptions): ExecResult {
  const { stdout = "", stderr = "", all: output = "" } = result;
  if (!result.failed) return { how: "done", stdout, stderr, output };
  // Node says ENOENT of a missing folder, too.
  const folderIsThere = cwd === undefined || existsSync(cwd);
  if (result.code === "ENOENT" && result.exitCode === undefined && folderIsThere) return { how: "missing" };
  const what = result.timedOut
    ? "no answer in time"
    : result.signal === undefined
      ? `exit code ${result.exitCode ?? "unknown"}`
      : `signal ${result.signal}`;
  return { how: "failed", what, stdout, stderr, output };
}

function endOnAbort(pid: number | undefined, signal: AbortSignal | undefined): () => void {
  if (pid === undefined) return () => {};
  let timer: NodeJS.Timeout | undefined;
  const end = () => {
    killGroup(pid, "SIGTERM");
    timer = setTimeout(() => killGroup(pid, "SIGKILL"), graceMs);
  };
  const endNow = () => killGroup(pid, "SIGKILL");
  signal?.addEventListener("abort", end, { once: true });
  // Should we be made to leave before it has ended.
  process.once("exit", endNow);
  return () => {
    signal?.removeEventListener("abort", end);
    process.off("exit", endNow);
    clearTimeout(timer);
    // What outlived its parent would go on writing.
    if (isAborted(signal)) killGroup(pid, "SIGKILL");
  };
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(windows ? pid : -pid, signal);
  } catch {
    // Already gone.
  }
}
