import { resolve } from "node:path";
import type { Environment, ModelClass } from "./model/contract.ts";
import { createApp } from "./runtime/app.ts";
import { createContext } from "./runtime/context.ts";
import { ModelHost } from "./runtime/lifecycle.ts";
import { createSlots } from "./runtime/limits.ts";
import { createLog } from "./runtime/log.ts";
import { createSecrets } from "./runtime/secrets.ts";
import { readSettings } from "./runtime/settings.ts";

export interface TestContext {
  /** `config.yaml`, as an object. @default {} */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Values of secrets; each is declared by being here. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** @default null */
  readonly environment?: Environment | null;
  /** @default `data` in the working directory */
  readonly data_dir?: string;
}

export interface TestModel {
  /** Like the global fetch, against the model: takes a path or a URL whose host does not matter. SDK clients take it as their `fetch`. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** Posts JSON to a path. */
  readonly post: (path: string, body: unknown, init?: RequestInit) => Promise<Response>;
  /** A base URL for clients that want one. */
  readonly url: "http://model.test";
  /** Calls the model's `close()`. */
  close(): Promise<void>;
}

const url = "http://model.test";

/**
 * The real runtime around a Model, in this process and without a socket: constructs, sets up, `load()`s.
 * Throws what the constructor or `load()` throws.
 *
 * @example
 * const model = await createTestModel(Model);
 * const response = await model.post("/predict", { prompt: "hi" });
 * await model.close();
 */
export async function createTestModel(Model: ModelClass, context: TestContext = {}): Promise<TestModel> {
  const config = context.config ?? {};
  const log = createLog({ form: "plain", sink: (line) => void process.stderr.write(line) });
  const secrets = createSecrets(context.secrets ?? {}, { directory: "", environment: {} });
  const host = new ModelHost({
    getModel: () => Model,
    modelFile: "the Model class",
    createContext: (environment) =>
      createContext({
        config,
        secrets,
        environment,
        dataDir: resolve(context.data_dir ?? "data"),
        log: quietInfo(log),
      }),
    readEnvironment: async () => context.environment ?? undefined,
    log: { ...log, info: () => undefined },
  });
  const settings = readSettings(config);
  const app = createApp({
    host,
    log,
    slots: createSlots(settings.predictConcurrency, settings.queue),
    onModelError: (error) => log.write("ERROR", "Exception while running the model", { exc_info: stackOf(error) }),
    ...settings.app,
  });
  await host.load().catch((error: unknown) => {
    throw error instanceof Error && error.cause !== undefined ? error.cause : error;
  });

  const send = async (input: string | URL | Request, init?: RequestInit) =>
    app.fetch(input instanceof Request ? new Request(input, init) : new Request(new URL(input, url), init));
  return {
    url,
    fetch: send,
    post: (path, body, init = {}) =>
      send(path, { method: "POST", body: JSON.stringify(body), ...init, headers: jsonHeaders(init.headers) }),
    close: () => host.close(),
  };
}

function jsonHeaders(given: RequestInit["headers"]): Headers {
  const headers = new Headers(given);
  if (!headers.has("content-type")) headers.set("content-type", "application/json");
  return headers;
}

/** A test's output is the test's own; what the model warns of is still shown. */
function quietInfo<T extends { info: unknown }>(log: T): T {
  return { ...log, info: () => undefined };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
