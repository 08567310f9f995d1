import type { IncomingMessage } from "node:http";

/**
 * The client's head as it came: order, case and repeated names kept. HTTP/1.0 knows requests without a `Host`, which
 * HTTP/1.1 refuses: they get the one that the model's server takes for them.
 */
export function requestHeaders(incoming: IncomingMessage): string[] {
  const headers = withoutStrayTrailer(incoming.rawHeaders, isChunked(incoming));
  return incoming.httpVersion === "1.0" && incoming.headers.host === undefined
    ? ["Host", "localhost", ...headers]
    : headers;
}

/**
 * The head of an answer for the client, and whether this side must speak of the connection itself: a generation that
 * retires closes its own connections, which says nothing about the client's.
 */
export function answerHeaders(
  answer: IncomingMessage,
  incoming: IncomingMessage,
): { headers: string[]; ownConnection: boolean } {
  const headers = withoutStrayTrailer(answer.rawHeaders, isChunked(answer));
  if (incoming.httpVersion === "1.0") {
    return { headers: without(headers, ["connection", "keep-alive", "transfer-encoding"]), ownConnection: true };
  }
  const closing = hasToken(answer.headers.connection, "close") && !hasToken(incoming.headers.connection, "close");
  return { headers: closing ? without(headers, ["connection", "keep-alive"]) : headers, ownConnection: closing };
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
