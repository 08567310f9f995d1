import type { ChildProcess } from "node:child_process";
import type { Reporter } from "../events.ts";
import type { FromModel, ToModel } from "../runtime/channel.ts";
import { createDeferred, settlesWithin } from "./deferred.ts";
import { reportOutput } from "./output.ts";

/** What a model process is launched with; a spare one is of use only where all of this is the same. */
export interface Launch {
  /** Absolute path of the model process's program. */
  readonly childFile: string;
  /** Absolute path of the project: the working directory. */
  readonly root: string;
  /** The whole environment; nothing is added to it. */
  readonly env: Readonly<Record<string, string>>;
  /** Node's own flags, such as `--inspect=0`. */
  readonly nodeOptions: readonly string[];
  /** Which state of the installed packages it will load. */
  readonly edition: number;
}

/** A forked process as the rest of this room sees it. */
export interface ModelProcess {
  readonly pid: number | undefined;
  /** Resolves with how it ended, once all it printed was reported. */
  readonly ended: Promise<string>;
  readonly send: (message: ToModel) => void;
  readonly onMessage: (handler: (message: FromModel) => void) => void;
  /** Ends it and whatever it started. */
  readonly kill: () => void;
}

/** Output may be held open by something the model started; the process counts as ended anyhow. */
const outputWaitMs = 500;
/**
 * A group of its own keeps the terminal's Ctrl-C from the model, which is to drain first, and lets a kill reach what
 * the model itself started. Windows has no groups, and would open a window.
 */
const ownGroup = process.platform !== "win32";

/** How a model process is forked. */
export const processOptions = {
  ipc: true,
  serialization: "advanced",
  buffer: false,
  reject: false,
  cleanup: false,
  extendEnv: false,
  stdin: "ignore",
  stdout: "pipe",
  stderr: "pipe",
  detached: ownGroup,
} as const;

/**
 * Makes a forked process one of ours.
 *
 * @param outcome settles when the process is over, or could not be started at all
 */
export function followProcess(child: ChildProcess, outcome: Promise<string>, report: Reporter): ModelProcess {
  if (child.stdout !== null) reportOutput(child.stdout, "stdout", report);
  if (child.stderr !== null) reportOutput(child.stderr, "stderr", report);
  child.on("error", () => undefined);
  return {
    pid: child.pid,
    ended: watchEnd(child, outcome),
    send: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    onMessage: (handler) => void child.on("message", (message) => handler(message as FromModel)),
    kill: () => {
      if (!killGroup(child.pid, "SIGKILL")) child.kill("SIGKILL");
    },
  };
}

async function watchEnd(child: ChildProcess, outcome: Promise<string>): Promise<string> {
  const exited = createDeferred<string>();
  const closed = createDeferred<void>();
  child.once("close", () => closed.resolve());
  child.once("exit", (code, signal) => exited.resolve(signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`));
  // A program that cannot be started at all has no exit event.
  void outcome.then(exited.resolve);
  const how = await exited.promise;
  await settlesWithin(closed.promise, outputWaitMs);
  killGroup(child.pid, "SIGTERM");
  return how;
}

function killGroup(pid: number | undefined, signal: "SIGTERM" | "SIGKILL"): boolean {
  if (!ownGroup || pid === undefined) return false;
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}
