import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

export interface ProgramOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the program and all it started. */
  readonly signal: AbortSignal;
  /** Each line that it prints, on either stream. */
  readonly onLine?: (line: string) => void;
}

export type ProgramResult =
  | { readonly how: "done"; readonly output: string }
  | { readonly how: "failed"; readonly output: string; readonly exitCode: number | null }
  | { readonly how: "missing" }
  | { readonly how: "aborted" };

const windows = process.platform === "win32";

/** How long an aborted program may take to clean up, in milliseconds. */
const graceMs = 3000;

/** Runs a program to its end, without a terminal: nothing it asks can make us wait. */
export function runProgram(options: ProgramOptions): Promise<ProgramResult> {
  if (options.signal.aborted) return Promise.resolve({ how: "aborted" });
  return new Promise((resolve) => {
    // Its own group, so that whatever a package manager started ends with it.
    const child = spawn(options.program, [...options.args], {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: !windows,
      shell: windows,
    });
    const output = collectLines(child, options.onLine);
    const stopWatching = endOnAbort(child, options.signal);
    const settle = (result: ProgramResult) => {
      stopWatching();
      resolve(options.signal.aborted ? { how: "aborted" } : result);
    };
    child.once("error", () => settle({ how: "missing" }));
    child.once("close", (exitCode) =>
      settle(exitCode === 0 ? { how: "done", output: output() } : { how: "failed", output: output(), exitCode }),
    );
  });
}

function collectLines(child: ChildProcess, onLine: ((line: string) => void) | undefined): () => string {
  let all = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      all += text;
      for (const line of text.split(/\r?\n/)) if (line.trim() !== "") onLine?.(line.trim());
    });
  }
  return () => all.trim();
}

function endOnAbort(child: ChildProcess, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const end = () => {
    killGroup(child, "SIGTERM");
    timer = setTimeout(() => killGroup(child, "SIGKILL"), graceMs);
  };
  const endNow = () => killGroup(child, "SIGKILL");
  signal.addEventListener("abort", end, { once: true });
  // Should we be made to leave before it has ended.
  process.once("exit", endNow);
  return () => {
    signal.removeEventListener("abort", end);
    process.off("exit", endNow);
    clearTimeout(timer);
    // What outlived its parent would go on writing into the folder.
    if (signal.aborted) killGroup(child, "SIGKILL");
  };
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (windows) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Already gone.
  }
}
