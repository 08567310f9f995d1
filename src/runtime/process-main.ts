import type { Socket } from "node:net";
import type { RequestEvent } from "../events.ts";
import type { ModelClass } from "../model/contract.ts";
import type { FromModel, ModelStart, RemoteError, ServeMode, ToModel } from "./channel.ts";
import { closeDebugger, openDebugger } from "./debugger.ts";
import { exitProcess, rememberExitCalls } from "./exit-place.ts";
import { createLineWriter } from "./line-writer.ts";
import { type RuntimeLog, captureConsole, createLog } from "./log.ts";
import { type LoadInspector, type ModelProcess, createModelProcess, describeProcess } from "./model-process.ts";
import { watchLoop } from "./loop-watch.ts";
import { type Watcher, dieWithParent, killOwnGroup } from "./parent-watch.ts";
import { readSettings } from "./settings.ts";
import { logFields, toRemoteError } from "./stacks.ts";

/** Exit code of a model process that code of the model brought down. */
const crashCode = 70;

/** What running requests get to end when the process has crashed. Milliseconds. */
const lastAnswersMs = 100;

export interface ProcessMainOptions {
  /** Where the class comes from, when it is not the bundle that the parent names. */
  readonly getModel?: () => Promise<ModelClass> | ModelClass;
  /** Descriptor for one JSON line a request; `serve` gives its own stdout here. */
  readonly requestsFd?: number;
  /** For `dev`: looks at what the `/v1` routes answer. */
  readonly loadInspector?: LoadInspector;
}

let rehearsed = false;

/** The main of a model process: does what its parent says over the channel, and dies with it. */
export function runModelProcess(options: ProcessMainOptions = {}): void {
  process.setSourceMapsEnabled(true);
  // The parent decides when to stop; a Ctrl-C reaches the whole process group.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  process.on("exit", closeDebugger);
  process.on("disconnect", () => {
    // The last of what is done at the end: nothing that the model has started is left then either.
    process.once("exit", killOwnGroup);
    exitProcess(0);
  });
  const watcher = dieWithParent();

  let model: ModelProcess | undefined;
  process.on("message", (message: ToModel, socket?: Socket) => {
    switch (message.type) {
      case "preload":
        return void prepare(message.packages);
      case "start":
        if (message.silenceFd !== undefined) watcher.tellOfSilence(message.silenceFd);
        model = begin(message.start, message.mode, options);
        if (message.mode === "listen") void warnOfBlocks(model, watcher, message.start.root);
        return undefined;
      case "describe":
        return void describe(message.start);
      case "connection":
        if (model === undefined) socket?.destroy();
        else if (socket) model.adopt(socket, message.head);
        return undefined;
      case "debugger_open":
        watcher.expectBreakpoints();
        return send({ type: "debugger", url: openDebugger(message.port) });
      case "debugger_close":
        closeDebugger();
        return send({ type: "debugger", url: undefined });
      case "patch": {
        const outcome = model?.patch(message.code, message.before) ?? { kind: "refused", why: "there is no model" };
        return send({ type: "patched", number: message.number, outcome });
      }
      case "drain":
        return void end(model, message.timeoutMs);
    }
  });
  send({ type: "idle" });
}

function begin(start: ModelStart, mode: ServeMode, options: ProcessMainOptions): ModelProcess {
  process.chdir(start.root);
  const log = createProcessLog(start, mode);
  const writer = options.requestsFd === undefined ? undefined : createLineWriter(options.requestsFd);
  const model = createModelProcess({
    start,
    mode,
    log,
    send,
    loadInspector: mode === "listen" ? options.loadInspector : undefined,
    ...(options.getModel === undefined ? {} : { getModel: options.getModel }),
    ...(writer === undefined ? {} : { onRequest: (event: RequestEvent) => writer.write(`${JSON.stringify(event)}\n`) }),
  });
  const exitCall = mode === "listen" ? rememberExitCalls(start.root) : () => undefined;
  process.on("exit", (code) => {
    writer?.flush();
    const call = exitCall();
    if (model.host.state !== "loading") return call && send({ type: "failed", error: call });
    const message = `the model ended the process (exit code ${code}) while it was loading`;
    return send({ type: "failed", error: { ...call, code: "LOAD_EXITED", message } });
  });
  watchForCrashes(model, start, mode === "handoff" ? log : undefined);
  model.run().catch((error: RemoteError) => {
    // In dev the parent shows it, with the source around it.
    if (mode === "handoff") log.write("ERROR", `Exception while loading model: ${error.message}`, logFields(error));
    leave({ type: "failed", error }, 1);
  });
  return model;
}

/** What blocks the loop while the model loads harms nobody. */
async function warnOfBlocks({ host }: ModelProcess, watcher: Watcher, root: string): Promise<void> {
  await host.settled;
  if (host.state === "ready") watchLoop(watcher, root, (blocked) => send({ type: "loop_blocked", blocked }));
}

/** What nobody caught is logged, told to the parent, and ends the process: its state can't be trusted any more. */
function watchForCrashes(model: ModelProcess, start: ModelStart, log: RuntimeLog | undefined): void {
  let leaving = false;
  const crash = (kind: string) => (reason: unknown) => {
    const loading = model.host.state === "loading";
    const error = toRemoteError(loading ? "LOAD_FAILED" : "MODEL_EXITED", reason, start.root);
    log?.write("ERROR", `${kind}: ${error.message}`, logFields(error));
    if (leaving) return;
    leaving = true;
    // What comes from here on is for the process after this one; what has begun may just make it.
    void model.abandon(lastAnswersMs).then(() => leave({ type: "failed", error }, loading ? 1 : crashCode));
  };
  process.on("uncaughtException", crash("Uncaught exception"));
  process.on("unhandledRejection", crash("Unhandled rejection"));
}

async function describe(start: ModelStart): Promise<void> {
  process.chdir(start.root);
  leave(await describeProcess({ start, log: createLog({ form: "plain" }), send }), 0);
}

async function end(model: ModelProcess | undefined, timeoutMs: number): Promise<void> {
  await model?.drain(timeoutMs);
  leave({ type: "drained" }, 0);
}

function createProcessLog(start: ModelStart, mode: ServeMode): RuntimeLog {
  const { debug } = readSettings(start.config);
  const json = mode === "handoff" && !process.env["DISABLE_JSON_LOGGING"];
  const log = createLog({ form: json ? "json" : "plain", debug });
  if (json) captureConsole(log);
  return log;
}

/** Does ahead of time what a start would else wait for; what fails will fail again, and be told of, when it matters. */
async function prepare(packages: readonly string[]): Promise<void> {
  if (!rehearsed) {
    rehearsed = true;
    const { warmUp } = await import("./warm-up.ts");
    await warmUp().catch(() => undefined);
  }
  for (const url of packages) {
    try {
      await import(url);
    } catch {
      continue;
    }
  }
}

function send(message: FromModel, socket?: Socket): void {
  if (!process.connected) return void socket?.destroy();
  // The connection is another process's from here on: it is not counted among this server's any more.
  if (socket) Reflect.set(socket, "server", undefined);
  process.send?.(message, socket, {}, (error) => {
    if (error !== null) socket?.destroy();
  });
}

/** Exits once the parent has the message, or after a second. */
function leave(message: FromModel, code: number): void {
  const exit = () => exitProcess(code);
  if (!process.connected) return exit();
  setTimeout(exit, 1000).unref();
  process.send?.(message, undefined, {}, exit);
}
