import type { execaNode } from "execa";
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

const processOptions = {
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

/** Forks the model process's program. It says `idle` once it can take a start. */
export async function forkModel(launch: Launch, report: Reporter): Promise<ModelProcess> {
  // Loaded here, and not with the file, because it is slow to load and nothing else needs it.
  const execa = await import("execa");
  const child = fork(execa.execaNode, launch);
  reportOutput(child.stdout, "stdout", report);
  reportOutput(child.stderr, "stderr", report);
  child.on("error", () => {});
  return {
    pid: child.pid,
    ended: watchEnd(child),
    send: (message) => {
      if (child.connected) child.send(message, () => {});
    },
    onMessage: (handler) => child.on("message", (message) => handler(message as FromModel)),
    kill: () => killAll(child),
  };
}

function fork(node: typeof execaNode, { childFile, root, env, nodeOptions }: Launch) {
  return node(childFile, [], { ...processOptions, cwd: root, env, nodeOptions });
}

type Child = ReturnType<typeof fork>;

async function watchEnd(child: Child): Promise<string> {
  const exited = createDeferred<string>();
  const closed = createDeferred<void>();
  child.once("close", () => closed.resolve());
  child.once("exit", (code, signal) => exited.resolve(signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`));
  // A program that cannot be started at all has no exit event: the promise says why.
  void child.then((result) => exited.resolve(result.shortMessage ?? `exit code ${result.exitCode ?? 0}`));
  const how = await exited.promise;
  await settlesWithin(closed.promise, outputWaitMs);
  killGroup(child.pid, "SIGTERM");
  return how;
}

function killAll(child: Child): void {
  if (!killGroup(child.pid, "SIGKILL")) child.kill("SIGKILL");
}

function killGroup(pid: number | undefined, signal: "SIGTERM" | "SIGKILL"): boolean {
  if (!ownGroup || pid === undefined) return false;
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}
