import type { AppOptions } from "./app.ts";
import type { WebSocketOptions } from "./websocket.ts";

/** What of `config.yaml`'s `runtime` part the runtime itself obeys. */
export interface RuntimeSettings {
  /** `runtime.predict_concurrency`; absent: no bound. */
  readonly predictConcurrency: number | undefined;
  readonly app: Pick<AppOptions, "maxBodyBytes" | "readTimeoutMs" | "keepAliveMs">;
  readonly webSocket: Pick<WebSocketOptions, "pingIntervalSeconds" | "pingTimeoutSeconds">;
  /** `runtime.drain_timeout`, in milliseconds. */
  readonly drainTimeoutMs: number;
  readonly debug: boolean;
}

/** How long running work may take to end after SIGTERM, as Truss has it. */
const defaultDrainSeconds = 3600;

export function readSettings(config: Readonly<Record<string, unknown>>): RuntimeSettings {
  const runtime = mapping(config["runtime"]);
  const transport = mapping(runtime["transport"]);
  const readTimeout = positive(runtime["streaming_read_timeout"]);
  const keepAlive = runtime["streaming_keep_alive"];
  const maxBody = positive(runtime["max_body_size"]);
  const pingInterval = positive(transport["ping_interval_seconds"]);
  const pingTimeout = positive(transport["ping_timeout_seconds"]);
  return {
    predictConcurrency: positive(runtime["predict_concurrency"]),
    app: {
      ...(readTimeout === undefined ? {} : { readTimeoutMs: readTimeout * 1000 }),
      ...(typeof keepAlive === "number" ? { keepAliveMs: keepAlive > 0 ? keepAlive * 1000 : Infinity } : {}),
      ...(maxBody === undefined ? {} : { maxBodyBytes: maxBody }),
    },
    webSocket: {
      ...(pingInterval === undefined ? {} : { pingIntervalSeconds: pingInterval }),
      ...(pingTimeout === undefined ? {} : { pingTimeoutSeconds: pingTimeout }),
    },
    drainTimeoutMs: (positive(runtime["drain_timeout"]) ?? defaultDrainSeconds) * 1000,
    debug: runtime["enable_debug_logs"] === true,
  };
}

function mapping(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function positive(value: unknown): number | undefined {
  return typeof value === "number" && value > 0 ? value : undefined;
}
