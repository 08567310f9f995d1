import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { Hono } from "hono";
import { HttpError } from "../errors.ts";
import { type Endpoint, type Family, endpoints } from "../model/endpoints.ts";
import { toPublicError } from "../wire/errors.ts";
import { createEndpointHandler } from "./endpoint-handler.ts";
import { describeApi, describeSchema } from "./openapi.ts";
import type { ModelHost } from "./lifecycle.ts";
import type { Slots } from "./limits.ts";
import type { RuntimeLog } from "./log.ts";
import { canonicalPath, livePath, loadedPath, readyPath, schemaPath } from "./paths.ts";
import { errorResponse, idHeaders, jsonResponse } from "./reply.ts";
import { chooseRequestId } from "./request-id.ts";

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
  /** Longest silence of a stream, in milliseconds. @default none */
  readonly readTimeoutMs?: number;
  /** A silent stream says that it lives each time this has passed, in milliseconds; `Infinity`: never. @default 15 000 */
  readonly keepAliveMs?: number;
  /** Told of each throw of the model's code while a request runs. */
  readonly onModelError?: (error: unknown, requestId: string) => void;
}

export interface App {
  fetch(request: Request, bindings?: AppBindings): Response | Promise<Response>;
}

type Context = Parameters<Parameters<Hono<{ Bindings: AppBindings }>["notFound"]>[0]>[0];

/** The whole HTTP surface over one model, as a fetch function: the same in process, in dev and in production. */
export function createApp(options: AppOptions): App {
  const app = new Hono<{ Bindings: AppBindings }>({ getPath: pathOf });
  const allowed = new Map<string, Set<string>>();
  const route = (
    verb: "GET" | "POST",
    path: string,
    answer: (c: Context, requestId: string) => Response | Promise<Response>,
  ) => {
    app.on(verb, path, (c) => answer(c, requestIdOf(c)));
    const verbs = allowed.get(path) ?? new Set();
    allowed.set(path, verbs.add(verb === "GET" ? "GET, HEAD" : verb));
  };

  addHealthRoutes(route, options);
  route("GET", "/openapi.json", (_c, id) => jsonResponse(describeApi(options.host), id));
  route("GET", schemaPath, (_c, id) => schemaAnswer(options.host, id));
  for (const endpoint of endpoints) {
    if (endpoint.family === "websocket") {
      route("GET", endpoint.path, (_c, id) => upgradeNeeded(endpoint, id));
      continue;
    }
    const handle = createEndpointHandler(endpoint, options);
    route("POST", endpoint.path, (c, requestId) => {
      const proceed = () => handle(c.req.raw, c.env ?? {}, requestId);
      if (options.host.state === "ready") return proceed();
      return waitForModel(endpoint.family, options, requestId).then((refusal) => refusal ?? proceed());
    });
  }
  app.notFound((c) => unknownRoute(c, allowed));
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

export function notReady(family: Family, requestId: string): Response {
  const error = { status: 503, message: "Model with name model is not ready.", headers: { "retry-after": "5" } };
  return errorResponse(family, error, requestId, "600");
}

type AddRoute = (
  verb: "GET" | "POST",
  path: string,
  answer: (c: Context, requestId: string) => Response | Promise<Response>,
) => void;

function addHealthRoutes(route: AddRoute, { host }: AppOptions): void {
  route("GET", livePath, (_c, id) => jsonResponse(true, id));
  route("GET", loadedPath, (_c, id) => (host.state === "ready" ? jsonResponse({}, id) : notReady("json", id)));
  route("GET", readyPath, async (_c, id) => {
    const healthy = host.state === "ready" && (await host.isHealthy());
    return healthy ? jsonResponse({}, id) : notReady("json", id);
  });
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
function unknownRoute(c: Context, allowed: ReadonlyMap<string, ReadonlySet<string>>): Response {
  const requestId = requestIdOf(c);
  const path = pathOf(c.req.raw);
  const verbs = allowed.get(path);
  if (verbs !== undefined) {
    const allow = [...verbs].join(", ");
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

/** The family that a path belongs to, whether it exists or not. */
export function familyOf(path: string): Family {
  if (path === "/v1/messages" || path.startsWith("/v1/messages/")) return "anthropic";
  return path.startsWith("/v1/") ? "openai" : "json";
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
