import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { Hono } from "hono";
import { HttpError } from "../errors.ts";
import type { Inspect } from "../wire/check/inspector.ts";
import { type Endpoint, type Family, endpoints, familyOf } from "../model/endpoints.ts";
import { toPublicError } from "../wire/errors.ts";
import { countTokensPath, createTokenCounter } from "./count-tokens.ts";
import { createEndpointHandler } from "./endpoint-handler.ts";
import { describeApi, describeSchema } from "./openapi.ts";
import type { ModelHost } from "./lifecycle.ts";
import type { Slots } from "./limits.ts";
import type { RuntimeLog } from "./log.ts";
import { addModelRoutes } from "./model-routes.ts";
import { canonicalPath, livePath, loadedPath, modelIdOf, modelPath, schemaPath } from "./paths.ts";
import { errorResponse, idHeaders, jsonResponse, notReady } from "./reply.ts";
import { chooseRequestId } from "./request-id.ts";
import { addResponseRoutes } from "./response-routes.ts";
import { createResponseStore } from "./response-store.ts";

/** What the app is given beside the request; `incoming` and `outgoing` only where there is a socket. */
export interface AppBindings {
  readonly incoming?: IncomingMessage;
  readonly outgoing?: ServerResponse;
  readonly requestId?: string;
}

export interface AppOptions {
  readonly host: ModelHost;
  readonly slots: Slots;
  readonly log: RuntimeLog;
  /** Largest body, in bytes; above it 413. @default 104 857 600 */
  readonly maxBodyBytes?: number;
  /** How long a request waits for the model to load, in milliseconds; then 503. @default 30 000 */
  readonly loadWaitMs?: number;
  /** From a request's coming to the end of its answer, in milliseconds; above it 504. @default none */
  readonly requestTimeoutMs?: number;
  /** Longest silence of a stream, in milliseconds. @default none */
  readonly readTimeoutMs?: number;
  /** A silent stream says that it lives each time this has passed, in milliseconds; `Infinity`: never. @default 15 000 */
  readonly keepAliveMs?: number;
  /** What `GET /v1/models` lists. @default ["model"] */
  readonly modelNames?: readonly string[];
  /** How many responses are kept for `previous_response_id`. @default 0 */
  readonly storedResponses?: number;
  /** Looks at what the `/v1` routes answer. @default nobody does */
  readonly inspect?: Inspect | undefined;
  /** Told of each throw of the model's code while a request runs. */
  readonly onModelError?: (error: unknown, requestId: string) => void;
}

export interface App {
  fetch(request: Request, bindings?: AppBindings): Response | Promise<Response>;
}

type Answer = (request: Request, requestId: string, bindings: AppBindings) => Response | Promise<Response>;

/** Adds a route at a canonical path; `GET` answers `HEAD` too. */
export type AddRoute = (verb: "GET" | "POST" | "DELETE", path: string, answer: Answer) => void;

type Context = Parameters<Parameters<Hono<{ Bindings: AppBindings }>["notFound"]>[0]>[0];

/** The whole HTTP surface over one model, as a fetch function: the same in process, in dev and in production. */
export function createApp(options: AppOptions): App {
  const app = new Hono<{ Bindings: AppBindings }>({ getPath: pathOf });
  const allowed = new Map<string, Set<string>>();
  const route: AddRoute = (verb, path, answer) => {
    app.on(verb, path, (c) => answer(c.req.raw, requestIdOf(c), c.env ?? {}));
    const verbs = allowed.get(path) ?? new Set();
    allowed.set(path, verbs.add(verb === "GET" ? "GET, HEAD" : verb));
  };
  const whenReady =
    (family: Family, answer: Answer): Answer =>
    (request, requestId, bindings) => {
      const proceed = () => answer(request, requestId, bindings);
      if (options.host.state === "ready") return proceed();
      return waitForModel(family, options, requestId).then((refusal) => refusal ?? proceed());
    };

  const store = options.storedResponses === undefined ? undefined : createResponseStore(options.storedResponses);
  addHealthRoutes(route, options);
  addModelRoutes(route, options);
  addResponseRoutes(route, store);
  route("GET", "/openapi.json", (_request, id) => jsonResponse(describeApi(options.host), id));
  route("GET", schemaPath, (_request, id) => schemaAnswer(options.host, id));
  for (const endpoint of endpoints) {
    if (endpoint.family === "websocket") {
      route("GET", endpoint.path, (_request, id) => upgradeNeeded(endpoint, id));
      continue;
    }
    const handle = createEndpointHandler(endpoint, { ...options, store });
    route(
      "POST",
      endpoint.path,
      whenReady(endpoint.family, (request, id, bindings) => handle(request, bindings, id)),
    );
  }
  const countTokens = createTokenCounter(options);
  route(
    "POST",
    countTokensPath,
    whenReady("anthropic", (request, id, bindings) => countTokens(request, bindings, id)),
  );
  app.notFound((c) => unknownRoute(c, allowed, options));
  app.onError((error, c) => {
    options.log.write("ERROR", "Internal error while answering a request", { exc_info: error.stack });
    return errorResponse(familyOf(pathOf(c.req.raw)), toPublicError(undefined), requestIdOf(c), "500");
  });
  return { fetch: (request, bindings) => app.fetch(request, bindings ?? {}) };
}

/** 503 while the model is not there; requests wait for it first, but not for ever. */
async function waitForModel(family: Family, options: AppOptions, requestId: string): Promise<Response | undefined> {
  const { host } = options;
  if (host.state === "loading") {
    const timer = new AbortController();
    await Promise.race([
      host.settled,
      delay(options.loadWaitMs ?? 30_000, undefined, { signal: timer.signal, ref: false }).catch(() => undefined),
    ]);
    timer.abort();
  }
  return host.state === "ready" ? undefined : notReady(family, requestId);
}

function addHealthRoutes(route: AddRoute, { host }: AppOptions): void {
  route("GET", livePath, (_request, id) => jsonResponse(true, id));
  route("GET", loadedPath, (_request, id) => (host.state === "ready" ? jsonResponse({}, id) : notReady("json", id)));
}

function schemaAnswer(host: ModelHost, requestId: string): Response {
  const schema = describeSchema(host);
  if (schema !== undefined) return jsonResponse(schema, requestId);
  if (host.state !== "ready") {
    const error = { status: 503, message: "Schema not available, please try again later." };
    return errorResponse("json", error, requestId, "600");
  }
  return errorResponse("json", { status: 404, message: "No schema found" }, requestId, "600");
}

function upgradeNeeded(endpoint: Endpoint, requestId: string): Response {
  const error = {
    status: 426,
    message: `${endpoint.path} takes WebSocket connections only`,
    headers: { upgrade: "websocket", connection: "Upgrade" },
  };
  return errorResponse("json", error, requestId, "700");
}

/** 404, 405 with `Allow`, or the way to the path without its last slash; each in the path's own family. */
function unknownRoute(
  c: Context,
  allowed: ReadonlyMap<string, ReadonlySet<string>>,
  { modelNames = [] }: AppOptions,
): Response {
  const requestId = requestIdOf(c);
  const path = pathOf(c.req.raw);
  const nobody = path === modelPath && !modelNames.includes(modelIdOf(new URL(c.req.raw.url).pathname) ?? "");
  const allow = nobody ? undefined : verbsAt(path, allowed);
  if (allow !== undefined) {
    const error = new HttpError(405, `${c.req.raw.method} is not allowed here: use ${allow}`, { headers: { allow } });
    return errorResponse(familyOf(path), toPublicError(error), requestId, "700");
  }
  const url = new URL(c.req.raw.url);
  if (path.length > 1 && path.endsWith("/") && allowed.has(canonicalPath(url.pathname.replace(/\/+$/, "")))) {
    const location = url.pathname.replace(/\/+$/, "") + url.search;
    return new Response(null, { status: 307, headers: { location, ...idHeaders(requestId) } });
  }
  const error = new HttpError(404, `There is nothing at ${url.pathname}`);
  return errorResponse(familyOf(path), toPublicError(error), requestId, "700");
}

/** The verbs of a path, also of one whose pattern has a place for an id. */
function verbsAt(path: string, allowed: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  const fits = (pattern: string) => {
    const [mine, theirs] = [path.split("/"), pattern.split("/")];
    return mine.length === theirs.length && theirs.every((part, index) => part.startsWith(":") || part === mine[index]);
  };
  const verbs = allowed.get(path) ?? [...allowed].find(([pattern]) => pattern.includes(":") && fits(pattern))?.[1];
  return verbs === undefined ? undefined : [...verbs].join(", ");
}

function pathOf(request: Request): string {
  const { url } = request;
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const end = url.slice(start).search(/[?#]/);
  return canonicalPath(end === -1 ? url.slice(start) : url.slice(start, start + end));
}

function requestIdOf(c: Context): string {
  const headers = c.req.raw.headers;
  return c.env?.requestId ?? chooseRequestId(headers.get("x-request-id"), headers.get("x-baseten-request-id"));
}
