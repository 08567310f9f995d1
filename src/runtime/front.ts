import { type ChildProcess, fork } from "node:child_process";
import { type Server, createServer } from "node:net";
import type { Socket } from "node:net";
import type { EndpointReport } from "../events.ts";
import { listenError } from "../lib/port.ts";
import type { FromModel, ModelStart, ToModel } from "./channel.ts";
import { createFrontDesk } from "./front-desk.ts";
import { type Circumstances, explainEnd } from "./last-words.ts";
import { type RuntimeLog, createLog } from "./log.ts";

export interface FrontOptions {
  /** The file that runs the model process. */
  readonly childFile: string;
  /** Further flags for the Node that runs it. */
  readonly execArgv?: readonly string[];
  /** Variables for the model process; this process's own win over them. */
  readonly variables?: NodeJS.ProcessEnv;
  /** Marks the model process where it runs the same file as this one. */
  readonly role?: "model";
  readonly start: ModelStart;
  readonly host: string;
  readonly port: number;
  readonly onReady: (ready: { readonly port: number; readonly endpoints: readonly EndpointReport[] }) => void;
}

/** The process that owns the port. It answers probes itself and hands every other connection to the model process. */
export interface Front {
  /** Resolves with the exit code when all is over. */
  readonly ended: Promise<number>;
  /** Refuses connections, lets the model finish within the time, ends. */
  drain(timeoutMs: number): void;
  /** Ends now. */
  kill(): void;
}

/** What the model process gets beyond the drain timeout, for its `close()` among others. Milliseconds. */
const killGraceMs = 5_000;

/** Starts listening, then the model process. Throws a `TrussError` when the port cannot be had. */
export async function startFront(options: FrontOptions): Promise<Front> {
  let state: "loading" | "ready" | "draining" = "loading";
  const listener = createServer({ allowHalfOpen: true, noDelay: true });
  const port = await listen(listener, options);
  const child = forkModel(options);
  const desk = createFrontDesk({
    isReady: () => state === "ready",
    handOver: (socket, head) => handOver(child, socket, head),
  });
  listener.on("connection", desk.receive);

  let failed = false;
  let told = false;
  let killed: Circumstances["killed"];
  child.on("message", (message: FromModel, socket?: unknown) => {
    switch (message.type) {
      case "ready":
        // A load may still come to its end while the process is on its way out.
        if (state !== "loading") return undefined;
        state = "ready";
        return options.onReady({ port, endpoints: message.endpoints });
      case "returned":
        return socket === undefined ? undefined : desk.receiveAgain(socket as Socket);
      case "failed":
        failed = true;
        // One that just exits has told this process, but not the log.
        told = message.error.code !== "LOAD_EXITED";
        return undefined;
      default:
        return undefined;
    }
  });
  const kill = (why: Circumstances["killed"]) => {
    killed ??= why;
    child.kill("SIGKILL");
  };
  const ended = new Promise<number>((resolve) => {
    child.once("exit", (code, signal) => {
      listener.close();
      desk.close();
      const words = explainEnd({ code, signal }, { state, told, killed });
      if (words !== undefined) createFrontLog(options).write("ERROR", words);
      resolve(exitCode(code, state === "draining", state === "loading" || failed));
    });
  });
  sendToModel(child, { type: "start", start: options.start, mode: "handoff" });

  return {
    ended,
    drain(timeoutMs) {
      state = "draining";
      listener.close();
      desk.close();
      sendToModel(child, { type: "drain", timeoutMs });
      // A model in an endless loop never gets to read that.
      const overdue = setTimeout(() => kill("overdue"), timeoutMs + killGraceMs);
      void ended.then(() => clearTimeout(overdue));
    },
    kill: () => kill("asked"),
  };
}

function listen(listener: Server, { host, port }: FrontOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    listener.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    listener.listen(port, host, () => {
      const address = listener.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/** The model's own prints go to our stderr; descriptor 4 is our stdout, for one line a request. */
function forkModel({ childFile, execArgv = [], variables, role, start }: FrontOptions): ChildProcess {
  return fork(childFile, [], {
    cwd: start.root,
    execArgv: [...process.execArgv, ...execArgv],
    serialization: "advanced",
    stdio: ["ignore", 2, 2, "ipc", 1],
    env: {
      NUM_LOAD_RETRIES_TRUSS: "1",
      ...variables,
      ...process.env,
      ...(role === undefined ? {} : { TRUSS_TS_ROLE: role }),
      TRUSS_TS_REQUESTS_FD: "4",
    },
  });
}

/** In the form that the model process logs in. */
function createFrontLog({ variables }: FrontOptions): RuntimeLog {
  const plain = { ...variables, ...process.env }["DISABLE_JSON_LOGGING"];
  return createLog({ form: plain ? "plain" : "json" });
}

function handOver(child: ChildProcess, socket: Socket, head: Buffer): void {
  if (!child.connected) return void socket.destroy();
  socket.on("error", () => undefined);
  // The model process counts the connection from here on; this server's own count must not wait for it.
  Reflect.set(socket, "server", undefined);
  const message: ToModel = { type: "connection", head };
  child.send(message, socket, (error) => {
    if (error !== null) socket.destroy();
  });
}

function sendToModel(child: ChildProcess, message: ToModel): void {
  if (child.connected) child.send(message, () => undefined);
}

function exitCode(code: number | null, draining: boolean, failed: boolean): number {
  // Killed on the way out: what was running has not ended.
  if (draining) return code === 0 ? 0 : 1;
  if (failed) return code === null || code === 0 ? 1 : code;
  return code === null || code === 0 ? 70 : code;
}
