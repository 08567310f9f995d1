import type { IncomingMessage } from "node:http";
import type { EndpointReport } from "../events.ts";
import { pathOf } from "../runtime/paths.ts";
import { type OwnAnswer, jsonAnswer } from "./own-answer.ts";

/** Where the supervisor's own page lives. */
export const playgroundPath = "/_truss/";

/** What the page shows. */
export interface PlaygroundState {
  readonly project: string;
  /** Such as `serving` or `waiting for an edit: …`. */
  readonly state: string;
  readonly endpoints: readonly EndpointReport[];
  readonly url: string;
}

/** @param failure why the last edit does not serve */
export function describeState(
  project: string,
  url: string,
  endpoints: readonly EndpointReport[],
  serving: boolean,
  failure: string | undefined,
): PlaygroundState {
  const told = failure === undefined ? "" : ` The last edit failed: ${failure}`;
  const state = (serving ? "The model is serving." : "The model is not ready yet.") + told;
  return { project, state, endpoints, url };
}

export function isPlaygroundPath(path: string): boolean {
  return path === "/_truss" || path.startsWith(playgroundPath);
}

/**
 * Answers the page and everything below it. Only this machine may see it: a page on the internet that has its name
 * point here, or that posts from the user's browser, is turned away.
 *
 * @param host the address given by `--host`
 */
export function playgroundAnswer(
  incoming: IncomingMessage,
  host: string,
  state: PlaygroundState,
  requestId: string,
): OwnAnswer {
  if (!isTrustedHost(incoming.headers.host, host))
    return refuse(403, "this page answers on this machine only", requestId);
  const reading = incoming.method === "GET" || incoming.method === "HEAD";
  if (!reading && isForeign(incoming)) return refuse(403, "requests from other sites are refused", requestId);
  const path = pathOf(incoming);
  if (path !== "/_truss" && path !== playgroundPath) return refuse(404, `there is nothing at ${path}`, requestId);
  if (!reading) return jsonAnswer(405, { error: "use GET or HEAD" }, requestId, { allow: "GET, HEAD" });
  if (path === "/_truss") return { ...refuse(308, "moved", requestId), headers: { location: playgroundPath } };
  return htmlAnswer(renderPage(state), requestId);
}

/** The name in a Host header, without its port: loopback, or the one that the server was told to listen on. */
export function isTrustedHost(header: string | undefined, host: string): boolean {
  const name = hostName(header);
  if (name === undefined) return false;
  return ["localhost", "127.0.0.1", "::1", host.toLowerCase()].includes(name) || name.endsWith(".localhost");
}

function hostName(header: string | undefined): string | undefined {
  const match = /^(?:\[([\da-f:.]+)\]|([^:[\]/@\s]+))(?::\d*)?$/i.exec(header ?? "");
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

function isForeign(incoming: IncomingMessage): boolean {
  const { origin, host } = incoming.headers;
  return origin !== undefined && origin.toLowerCase() !== `http://${host}`.toLowerCase();
}

function refuse(status: number, message: string, requestId: string): OwnAnswer {
  return jsonAnswer(status, { error: message }, requestId);
}

function htmlAnswer(body: string, requestId: string): OwnAnswer {
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-request-id": requestId,
    "request-id": requestId,
  };
  return { status: 200, headers, body };
}

function renderPage({ project, state, endpoints, url }: PlaygroundState): string {
  const rows = endpoints.map(
    ({ method, path }) => `<tr><td><code>${escape(method)}</code><td><code>${escape(url + path)}</code>`,
  );
  const table = rows.length === 0 ? "<p>No endpoint is known yet." : `<table>${rows.join("")}</table>`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escape(project)} · truss-ts</title>
<meta name="viewport" content="width=device-width">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}td{padding:.2rem 1rem .2rem 0}</style>
<h1>${escape(project)}</h1><p>${escape(state)}</p>${table}</html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0) ?? 0};`);
}
