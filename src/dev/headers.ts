import type { IncomingMessage } from "node:http";

/**
 * The client's head as it came: order, case and repeated names kept. A request from before HTTP/1.1 goes on as one of
 * HTTP/1.1, which refuses one without a `Host`: it gets the one that the model's server takes for it. And an
 * expectation, which means nothing there, would be met.
 */
export function requestHeaders(incoming: IncomingMessage): string[] {
  const headers = withoutStrayTrailer(incoming.rawHeaders, isChunked(incoming));
  if (!isOld(incoming)) return headers;
  const kept = without(headers, ["expect"]);
  return incoming.headers.host === undefined ? ["Host", "localhost", ...kept] : kept;
}

/**
 * The head of an answer for the client, and whether this side must speak of the connection itself: a generation that
 * retires closes its own connections, which says nothing about the client's, unless it has not read all of the request.
 */
export function answerHeaders(
  answer: IncomingMessage,
  incoming: IncomingMessage,
): { headers: string[]; ownConnection: boolean } {
  const headers = withoutStrayTrailer(answer.rawHeaders, isChunked(answer));
  if (isOld(incoming)) {
    return { headers: without(headers, ["connection", "keep-alive", "transfer-encoding"]), ownConnection: true };
  }
  const asked = hasToken(incoming.headers.connection, "close") || !incoming.complete;
  const closing = hasToken(answer.headers.connection, "close") && !asked;
  return { headers: closing ? without(headers, ["connection", "keep-alive"]) : headers, ownConnection: closing };
}

/** From before HTTP/1.1: without chunks, and without connections that last. */
export function isOld({ httpVersion }: IncomingMessage): boolean {
  return httpVersion !== "1.1";
}

/** Raw headers but for some names, given in lower case. */
export function without(rawHeaders: readonly string[], names: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (!names.includes(name.toLowerCase())) kept.push(name, rawHeaders[at + 1] ?? "");
  }
  return kept;
}

/** Raw trailers as the pairs that Node takes. */
export function trailerPairs(rawTrailers: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < rawTrailers.length; at += 2) pairs.push([rawTrailers[at] ?? "", rawTrailers[at + 1] ?? ""]);
  return pairs;
}

export function hasToken(value: string | undefined, token: string): boolean {
  return (value ?? "").split(",").some((part) => part.trim().toLowerCase() === token);
}

function isChunked(message: IncomingMessage): boolean {
  return hasToken(message.headers["transfer-encoding"], "chunked");
}

/** Node refuses to announce trailers on a message that is not chunked, where they could not come anyway. */
function withoutStrayTrailer(rawHeaders: readonly string[], chunked: boolean): string[] {
  return chunked ? [...rawHeaders] : without(rawHeaders, ["trailer"]);
}
