import type { AppOptions } from "./app.ts";
import type { QueueBounds } from "./limits.ts";
import type { WebSocketOptions } from "./websocket.ts";

/** What of `config.yaml` the runtime itself obeys: of `runtime`, and of `model_metadata.truss_ts`, where ours may stand. */
export interface RuntimeSettings {
  /** `runtime.predict_concurrency`; absent: no bound. */
  readonly predictConcurrency: number | undefined;
  /** `runtime.max_queue` and `runtime.queue_timeout`. */
  readonly queue: QueueBounds;
  readonly app: Pick<
    AppOptions,
    "maxBodyBytes" | "requestTimeoutMs" | "readTimeoutMs" | "keepAliveMs" | "modelNames" | "storedResponses"
  >;
  readonly webSocket: Pick<WebSocketOptions, "pingIntervalSeconds" | "pingTimeoutSeconds">;
  /** `runtime.drain_timeout`, in milliseconds. */
  readonly drainTimeoutMs: number;
  readonly debug: boolean;
}

/** How long running work may take to end after SIGTERM, as Truss has it. */
const defaultDrainSeconds = 3600;

export function readSettings(config: Readonly<Record<string, unknown>>): RuntimeSettings {
  const own = mapping(mapping(config["model_metadata"])["truss_ts"]);
  // What is pushed has our keys where Truss lets them pass.
  const moved = Object.entries(mapping(own["runtime"])).filter(([, value]) => value !== null);
  const runtime = { ...mapping(config["runtime"]), ...Object.fromEntries(moved) };
  const transport = mapping(runtime["transport"]);
  const readTimeout = positive(runtime["streaming_read_timeout"]);
  const requestTimeout = positive(runtime["request_timeout"]);
  const storedResponses = positive(own["stored_responses"]);
  const keepAlive = runtime["streaming_keep_alive"];
  const maxBody = positive(runtime["max_body_size"]);
  const pingInterval = positive(transport["ping_interval_seconds"]);
  const pingTimeout = positive(transport["ping_timeout_seconds"]);
  return {
    predictConcurrency: positive(runtime["predict_concurrency"]),
    queue: readQueue(runtime),
    app: {
      ...(requestTimeout === undefined ? {} : { requestTimeoutMs: requestTimeout * 1000 }),
      ...(readTimeout === undefined ? {} : { readTimeoutMs: readTimeout * 1000 }),
      ...(typeof keepAlive === "number" ? { keepAliveMs: keepAlive > 0 ? keepAlive * 1000 : Infinity } : {}),
      ...(maxBody === undefined ? {} : { maxBodyBytes: maxBody }),
      ...(storedResponses === undefined ? {} : { storedResponses }),
      modelNames: readNames(config["model_name"], own["models"]),
    },
    webSocket: {
      ...(pingInterval === undefined ? {} : { pingIntervalSeconds: pingInterval }),
      ...(pingTimeout === undefined ? {} : { pingTimeoutSeconds: pingTimeout }),
    },
    drainTimeoutMs: (positive(runtime["drain_timeout"]) ?? defaultDrainSeconds) * 1000,
    debug: runtime["enable_debug_logs"] === true,
  };
}

/** Nobody may wait where `max_queue` is 0; a `queue_timeout` of 0 bounds nothing, as with all our times. */
function readQueue({ max_queue: maxQueue, queue_timeout: timeout }: Readonly<Record<string, unknown>>): QueueBounds {
  const seconds = positive(timeout);
  return {
    ...(typeof maxQueue === "number" && maxQueue >= 0 ? { maxQueue } : {}),
    ...(seconds === undefined ? {} : { queueTimeoutMs: seconds * 1000 }),
  };
}

/** The names that clients may ask for. Without any the model is called as the platform's paths call it. */
function readNames(name: unknown, more: unknown): readonly string[] {
  const given = [name, ...(Array.isArray(more) ? (more as unknown[]) : [])];
  const names = given.filter((item): item is string => typeof item === "string" && item !== "");
  return names.length === 0 ? ["model"] : [...new Set(names)];
}

function mapping(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function positive(value: unknown): number | undefined {
  return typeof value === "number" && value > 0 ? value : undefined;
}
