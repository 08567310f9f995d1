import type { Socket } from "node:net";
import { pathToFileURL } from "node:url";
import { isTrussError } from "../errors.ts";
import type { RequestEvent } from "../events.ts";
import type { ModelClass } from "../model/contract.ts";
import type { Inspect, WireWarning } from "../wire/check/inspector.ts";
import { type App, createApp } from "./app.ts";
import type { FromModel, ModelStart, PatchOutcome, RemoteError, ServeMode } from "./channel.ts";
import { createContext } from "./context.ts";
import { environmentFile, readEnvironment, watchEnvironment } from "./environment.ts";
import { LoadError, ModelHost, endpointReports } from "./lifecycle.ts";
import { pickModelClass } from "./model-class.ts";
import { createSlots } from "./limits.ts";
import type { RuntimeLog } from "./log.ts";
import { createPatcher } from "./patch.ts";
import { beginScopes } from "./request-scope.ts";
import { createSecrets, declaredSecrets } from "./secrets.ts";
import { type ModelServer, createModelServer } from "./server.ts";
import { readSettings } from "./settings.ts";
import { logFields, messageOf, toRemoteError } from "./stacks.ts";
import { schemasOf } from "./validate.ts";

export interface ModelProcessOptions {
  readonly start: ModelStart;
  readonly mode: ServeMode;
  readonly log: RuntimeLog;
  readonly send: (message: FromModel, socket?: Socket) => void;
  /** Where the class comes from; by default the bundle that `start` names. */
  readonly getModel?: () => Promise<ModelClass> | ModelClass;
  readonly onRequest?: (event: RequestEvent) => void;
  /** Brings the code that looks at what the `/v1` routes answer. Absent: nobody looks. */
  readonly loadInspector?: LoadInspector | undefined;
}

export type LoadInspector = () => Promise<{ readonly createInspector: CreateInspector }>;
type CreateInspector = (edition: () => unknown, report: (warning: WireWarning) => void) => Inspect;

/** The model with everything around it, as one process runs it. */
export interface ModelProcess {
  readonly host: ModelHost;
  readonly app: App;
  /** Answers HTTP, then loads; resolves when the model is ready, throws a {@link RemoteError} when it never will be. */
  run(): Promise<void>;
  adopt(socket: Socket, head: Uint8Array): void;
  /** Begins nothing more, since the process is about to end; resolves when no request runs, or the time is over. */
  abandon(timeoutMs: number): Promise<void>;
  /** Brings an edit under the live instance. */
  patch(code: string, before: number): PatchOutcome;
  /** Lets running work end, calls the model's `close()`. */
  drain(timeoutMs: number): Promise<void>;
}

export function createModelProcess(options: ModelProcessOptions): ModelProcess {
  const { start, log, send, mode } = options;
  let bundle: object | undefined;
  const getModel = options.getModel ?? (() => importBundle(start, (module) => (bundle = module)));
  const shown = mode === "handoff" ? log : withoutInfo(log);
  const host = createHost({ ...options, getModel }, shown, () => send({ type: "loading" }));
  const patcher = createPatcher(host, () => bundle, start.root);
  const settings = readSettings(start.config);
  const onModelError = (error: unknown, requestId: string) => {
    const remote = toRemoteError("INTERNAL", error, start.root);
    // In dev the parent shows it, with the source around it.
    if (mode === "handoff")
      log.write("ERROR", `Exception while running the model: ${remote.message}`, logFields(remote));
    send({ type: "request_error", requestId, error: remote });
  };
  const inspection = createInspection(options, host);
  const slots = createSlots(settings.predictConcurrency, settings.queue);
  const app = createApp({ host, log, slots, onModelError, inspect: inspection?.inspect, ...settings.app });
  const server: ModelServer = createModelServer({
    app,
    host,
    log,
    slots,
    onModelError,
    ...settings.webSocket,
    ...(settings.app.maxBodyBytes === undefined ? {} : { maxBodyBytes: settings.app.maxBodyBytes }),
    ...(options.onRequest === undefined ? {} : { onRequest: options.onRequest }),
    ...(mode === "handoff" ? { onIdleConnection: (socket) => send({ type: "returned" }, socket) } : {}),
  });
  let stopWatching: () => void = () => undefined;

  return {
    host,
    app,
    async run() {
      if (mode === "listen") send({ type: "listening", port: await server.listen() });
      const started = performance.now();
      const inspecting = inspection?.open();
      await host.load().catch((error: unknown) => {
        throw remoteOf(error, start.root);
      });
      await inspecting;
      if (host.state !== "ready") return;
      stopWatching = followEnvironment(host, start, log);
      beginScopes();
      send({ type: "ready", endpoints: endpointReports(host), ms: Math.round(performance.now() - started) });
    },
    adopt: server.adopt,
    abandon: server.abandon,
    patch: patcher.apply,
    async drain(timeoutMs) {
      stopWatching();
      host.startDraining();
      await server.drain(timeoutMs);
      await host.close().catch((error: unknown) => log.error("close() failed:", error));
    },
  };
}

function createInspection({ loadInspector, send }: ModelProcessOptions, host: ModelHost) {
  if (loadInspector === undefined) return undefined;
  let opened: Inspect | undefined;
  const inspect: Inspect = (exchange) => opened?.(exchange);
  return {
    inspect,
    async open() {
      const { createInspector } = await loadInspector();
      opened = createInspector(
        () => host.modelClass,
        (warning) => send({ type: "wire_warning", warning }),
      );
    },
  };
}

/** Constructs and describes the model without loading it. */
export async function describeProcess(options: Omit<ModelProcessOptions, "mode">): Promise<FromModel> {
  const { start } = options;
  const host = createHost(options, withoutInfo(options.log));
  try {
    const { description, constructorError } = await host.describe();
    const faults = [...description.faults];
    if (constructorError !== undefined && remoteOf(constructorError, start.root).code !== "SECRET_MISSING") {
      faults.push(toFault(remoteOf(constructorError, start.root)));
    }
    return {
      type: "described",
      endpoints: description.endpoints.map(({ method, path }) => ({ method, path })),
      hooks: [...description.hooks],
      schemas: Object.keys(schemasOf(host.modelClass)),
      faults,
    };
  } catch (error) {
    return { type: "described", endpoints: [], hooks: [], schemas: [], faults: [toFault(remoteOf(error, start.root))] };
  }
}

/** On a developer's terminal the steps of a load are noise: `dev` says itself when the model is ready. */
function withoutInfo(log: RuntimeLog): RuntimeLog {
  return { ...log, info: () => undefined };
}

function createHost(
  options: Omit<ModelProcessOptions, "mode">,
  hostLog: RuntimeLog,
  onLoad: () => void = () => undefined,
): ModelHost {
  const { start, log, getModel } = options;
  const secrets = createSecrets(declaredSecrets(start.config));
  return new ModelHost({
    getModel: getModel ?? (() => importBundle(start)),
    modelFile: start.modelFile,
    createContext: (environment) =>
      createContext({ config: start.config, secrets, environment, dataDir: start.dataDir, log }),
    async readEnvironment() {
      if (start.environment !== null) return start.environment;
      try {
        const reading = await readEnvironment(environmentFile());
        return reading.found ? reading.environment : undefined;
      } catch (error) {
        log.error("The environment file holds no valid JSON:", messageOf(error));
        return undefined;
      }
    },
    log: hostLog,
    onLoad,
    loadRetries: Number(process.env["NUM_LOAD_RETRIES_TRUSS"] ?? 0) || 0,
  });
}

async function importBundle(start: ModelStart, onModule: (module: object) => void = () => {}): Promise<ModelClass> {
  const module = (await import(pathToFileURL(start.bundle).href)) as Readonly<Record<string, unknown>>;
  onModule(module);
  return pickModelClass(module, start.modelFile, start.className);
}

function followEnvironment(host: ModelHost, start: ModelStart, log: RuntimeLog): () => void {
  if (start.environment !== null || host.method("setup_environment") === undefined) return () => undefined;
  return watchEnvironment({
    file: environmentFile(),
    known: host.environment,
    onChange: (environment) => host.changeEnvironment(environment),
    onError: (error) => log.error("setup_environment failed:", error),
  });
}

function remoteOf(error: unknown, root: string): RemoteError {
  if (error instanceof LoadError) return toRemoteError(error.code, error.cause, root);
  return toRemoteError(isTrussError(error) ? error.code : "LOAD_FAILED", error, root);
}

function toFault({ stack: _stack, ...fault }: RemoteError) {
  return fault;
}
