import { TrussError, exitCodes } from "../../errors.ts";
import { type Endpoint, endpointMethods, endpoints } from "../../model/endpoints.ts";
import { suggest } from "../../lib/suggest.ts";

/** Where `dev` and `serve` listen when nothing else is said. */
export const localUrl = "http://127.0.0.1:8080";

/** Which of a model's deployments is called. */
export type Place =
  | { readonly kind: "environment"; readonly name: string }
  | { readonly kind: "deployment"; readonly id: string }
  | { readonly kind: "development" };

/** The route of an endpoint: that of a method, or a path as it was given. */
export function routeOf(endpoint: string): string {
  if (endpoint.startsWith("/")) return endpoint;
  const row = endpoints.find(({ method }) => method === endpoint);
  if (row !== undefined && row.verb === "POST") return row.path;
  const names = callable.map(({ method }) => method);
  const meant = suggest(endpoint, names);
  const message =
    row === undefined ? `There is no endpoint ${JSON.stringify(endpoint)}.` : "A WebSocket is not a call.";
  const hint =
    row === undefined && meant !== undefined ? `did you mean ${meant}?` : `one of ${names.join(", ")}, or a /path`;
  throw new TrussError("USAGE", message, { hint, exitCode: exitCodes.usage });
}

const callable: readonly Endpoint[] = endpoints.filter(({ verb }) => verb === "POST");

/** The endpoint to call where none is named: `predict` where the model has it, else the first that it has. */
export function pickRoute(paths: readonly string[]): string | undefined {
  return callable.find(({ path }) => paths.includes(path))?.path;
}

/** The methods behind routes, as `--endpoint` takes them. */
export function methodsOf(paths: readonly string[]): string[] {
  const methods = endpointMethods.filter((method) => method !== "websocket");
  return methods.filter((method) => paths.includes(routeOf(method)));
}

/**
 * A server's address as it was typed: `8081`, `:8081`, `localhost:8081` and `https://…` will do.
 *
 * @throws TrussError USAGE
 */
export function parseBase(text: string): URL {
  const full = text.includes("://") ? text : `http://${text.replace(/^:?(\d+)(?=$|\/)/, "127.0.0.1:$1")}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password + url.hash === "") return url;
  throw new TrussError("USAGE", `${JSON.stringify(text)} is not the URL of a server.`, {
    hint: `it looks like ${localUrl}`,
    exitCode: exitCodes.usage,
  });
}

/** The route that an address names by itself, and what is before it; `undefined`: it is what routes are put behind. */
export function splitRoute(url: URL): { readonly base: URL; readonly route: string } | undefined {
  const route = callable.find(({ path }) => url.pathname.endsWith(path))?.path;
  if (route === undefined) return undefined;
  const base = new URL(url);
  base.pathname = url.pathname.slice(0, -route.length);
  return { base, route };
}

const environmentEnd = /\/(?:environments\/[^/]+|deployment\/[^/]+|production|development)$/;

/** Puts a route behind an address: below `/sync` on the platform, and without repeating the `/v1` of an SDK's base URL. */
export function joinRoute(base: URL, route: string): URL {
  const url = new URL(base);
  const before = url.pathname.replace(/\/+$/, "");
  const sync = environmentEnd.test(before) && route !== "/predict" ? "/sync" : "";
  url.pathname = `${before.replace(/\/v1$/, "")}${sync}${route}`;
  return url;
}

/** The address of a model's place on the platform. `inference` is the model's own host. */
export function placeUrl(inference: string, place: Place): URL {
  switch (place.kind) {
    case "environment":
      return new URL(`${inference}/environments/${encodeURIComponent(place.name)}`);
    case "deployment":
      return new URL(`${inference}/deployment/${encodeURIComponent(place.id)}`);
    case "development":
      return new URL(`${inference}/development`);
  }
}

/** Whether an address is Baseten's own, or the one that stands in for it: only those are given a key unasked. */
export function isBasetenUrl({ protocol, hostname, origin }: URL, override: string | undefined): boolean {
  if (override !== undefined && URL.canParse(override) && new URL(override).origin === origin) return true;
  return protocol === "https:" && (hostname === "baseten.co" || hostname.endsWith(".baseten.co"));
}
