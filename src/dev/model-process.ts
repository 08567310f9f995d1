import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { Reporter } from "../events.ts";
import type { FromModel, Silence, ToModel } from "../runtime/channel.ts";
import { parseSilence } from "../runtime/parent-watch.ts";
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
  /** The end of what it has printed on stderr. */
  readonly lastWords: () => string;
  readonly send: (message: ToModel) => void;
  readonly onMessage: (handler: (message: FromModel) => void) => void;
  /** Told when the model's thread does not come to rest, once `start` was sent with {@link silenceFd}. */
  readonly onSilence: (handler: (silence: Silence) => void) => void;
  /** Ends it and whatever it started. */
  readonly kill: () => void;
}

/** Output may be held open by something the model started; the process counts as ended anyhow. */
const outputWaitMs = 500;
/** What the model has started is asked to end, and gets this long before it is killed. */
const groupWaitMs = 1_000;
const groupStepMs = 20;
const lastWordsLength = 8 * 1024;
/**
 * A group of its own keeps the terminal's Ctrl-C from the model, which is to drain first, and lets a kill reach what
 * the model itself started. Windows has no groups, and would open a window.
 */
const ownGroup = process.platform !== "win32";

/** The last of the descriptors below. */
export const silenceFd = 3;

/** How a model process is forked. */
export const processOptions = {
  ipc: true,
  serialization: "advanced",
  buffer: false,
  reject: false,
  cleanup: false,
  extendEnv: false,
  stdio: ["ignore", "pipe", "pipe", "pipe"],
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
  let lastWords = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString("latin1")).slice(-lastWordsLength);
  });
  return {
    pid: child.pid,
    lastWords: () => lastWords,
    ended: watchEnd(child, outcome),
    send: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    onMessage: (handler) => void child.on("message", (message) => handler(message as FromModel)),
    onSilence: (handler) => followSilence(child.stdio[silenceFd], handler),
    kill: () => {
      if (!killGroup(child.pid, "SIGKILL")) child.kill("SIGKILL");
    },
  };
}

function followSilence(source: unknown, handler: (silence: Silence) => void): void {
  if (!(source instanceof Readable)) return;
  source.on("error", () => undefined);
  createInterface({ input: source }).on("line", (line) => {
    const silence = parseSilence(line);
    if (silence !== undefined) handler(silence);
  });
}

async function watchEnd(child: ChildProcess, outcome: Promise<string>): Promise<string> {
  const exited = createDeferred<string>();
  const closed = createDeferred<void>();
  child.once("close", () => closed.resolve());
  child.once("exit", (code, signal) => exited.resolve(signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`));
  // A program that cannot be started at all has no exit event.
  void outcome.then(exited.resolve);
  const how = await exited.promise;
  await Promise.all([settlesWithin(closed.promise, outputWaitMs), endGroup(child.pid)]);
  return how;
}

/** A program that the model has started must not hold the port, or the memory, that its next start needs. */
async function endGroup(pid: number | undefined): Promise<void> {
  if (!killGroup(pid, "SIGTERM")) return;
  for (let waited = 0; waited < groupWaitMs; waited += groupStepMs) {
    await delay(groupStepMs);
    if (!killGroup(pid, 0)) return;
  }
  killGroup(pid, "SIGKILL");
}

/** Whether there was somebody in the group; the signal 0 only asks. */
function killGroup(pid: number | undefined, signal: "SIGTERM" | "SIGKILL" | 0): boolean {
  if (!ownGroup || pid === undefined) return false;
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}
