import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { familyOf } from "../model/endpoints.ts";
import { canonicalPath, livePath, loadedPath, pathOf, readyPath } from "../runtime/paths.ts";
import { errorBody } from "../wire/errors.ts";
import type { Refusal } from "./gate.ts";

/** An answer that this process gives itself. */
export interface OwnAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Liveness asks about this process, so it is answered here, whatever the model is doing. */
export function isLiveness(incoming: IncomingMessage): boolean {
  return isProbe(incoming, [livePath]);
}

export function isReadiness(incoming: IncomingMessage): boolean {
  return isProbe(incoming, [readyPath, loadedPath]);
}

function isProbe(incoming: IncomingMessage, paths: readonly string[]): boolean {
  if (incoming.method !== "GET" && incoming.method !== "HEAD") return false;
  return paths.includes(canonicalPath(pathOf(incoming)));
}

export function liveAnswer(requestId: string): OwnAnswer {
  return jsonAnswer(200, true, requestId);
}

/** An error in the shape of the family that the path belongs to. */
export function errorAnswer(incoming: IncomingMessage, status: number, refusal: Refusal, requestId: string): OwnAnswer {
  const body = errorBody(familyOf(canonicalPath(pathOf(incoming))), { status, message: refusal.message }, requestId);
  const { retryAfter } = refusal;
  return jsonAnswer(status, body, requestId, retryAfter === undefined ? {} : { "retry-after": String(retryAfter) });
}

export function jsonAnswer(
  status: number,
  value: unknown,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): OwnAnswer {
  return {
    status,
    headers: { "content-type": "application/json", "x-request-id": requestId, "request-id": requestId, ...headers },
    body: JSON.stringify(value),
  };
}

export function writeAnswer(outgoing: ServerResponse, answer: OwnAnswer): void {
  outgoing.writeHead(answer.status, { ...answer.headers, "content-length": Buffer.byteLength(answer.body) });
  outgoing.end(answer.body);
}

/** Answers on a connection that Node has handed over because of an upgrade, and ends it. */
export function writeRawAnswer(socket: Duplex, answer: OwnAnswer): void {
  const headers = { ...answer.headers, "content-length": String(Buffer.byteLength(answer.body)), connection: "close" };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${answer.status} ${reasons[answer.status] ?? ""}\r\n${lines.join("")}\r\n${answer.body}`);
}

const reasons: Readonly<Record<number, string>> = { 502: "Bad Gateway", 503: "Service Unavailable" };
