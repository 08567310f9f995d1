import type { IncomingMessage } from "node:http";

/** The runtime's own routes beside the endpoints', in canonical form. */
export const livePath = "/health/live";
export const readyPath = "/health/ready";
export const loadedPath = "/ping";
export const schemaPath = "/schema";
/** A model whose id has slashes; those without are Truss's readiness too, and have its path. */
export const modelPath = "/v1/models/{id}";

/** The path of a request as its client sent it, without the query. */
export function pathOf({ url = "/" }: IncomingMessage): string {
  return url.replace(/[?#].*$/s, "");
}

const environmentPrefix = /^\/(?:environments\/[^/]+|deployment\/[^/]+|production|development)(\/.*)$/;
const modelId = /^\/v1\/models\/(.*[^/])$/;
const modelRoute = /^\/v1\/models\/([^/]+)(\/loaded|\/schema)?$/;

/**
 * The one path for the many names of a route: the platform's (`/environments/{env}/sync/v1/…`, `/production/predict`)
 * and those of Truss's own server (`/v1/models/model:predict`, `/invocations`, …).
 */
export function canonicalPath(raw: string): string {
  const path = raw.includes("%") ? raw.replace(/%3a/gi, ":") : raw;
  const inside = environmentPrefix.exec(path)?.[1];
  if (inside === undefined) return containerPath(path);
  if (inside.startsWith("/sync/")) return containerPath(inside.slice("/sync".length));
  return inside === "/predict" || inside === "/websocket" ? containerPath(inside) : path;
}

/** The id in a path that begins with `/v1/models/`, under any prefix; `undefined` for other paths. */
export function modelIdOf(raw: string): string | undefined {
  const inside = environmentPrefix.exec(raw)?.[1];
  const id = modelId.exec(inside?.replace(/^\/sync(?=\/)/, "") ?? raw)?.[1];
  if (id === undefined) return undefined;
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

function containerPath(path: string): string {
  switch (path) {
    case "/":
    case livePath:
      return livePath;
    case "/invocations":
      return "/predict";
    case "/websocket":
      return "/v1/websocket";
    default:
      return path.startsWith("/v1/models/") ? modelsPath(path) : path;
  }
}

function modelsPath(path: string): string {
  const match = modelRoute.exec(path);
  if (match === null) return modelId.test(path) ? modelPath : path;
  if (match[2] === "/loaded") return loadedPath;
  if (match[2] === "/schema") return schemaPath;
  return /:predict(_binary)?$/.test(match[1] ?? "") ? "/predict" : readyPath;
}
