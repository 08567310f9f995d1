import type { Family } from "../model/endpoints.ts";
import { type PublicError, errorBody } from "../wire/errors.ts";

/** Both SDK families find the request's id: OpenAI's read `x-request-id`, Anthropic's `request-id`. */
export function idHeaders(requestId: string): Record<string, string> {
  return { "x-request-id": requestId, "request-id": requestId };
}

/** Who is at fault, in the platform's codes: 500 unexpected, 600 the model, 700 the client. */
export type FaultCode = "500" | "600" | "700";

/** An error in the family's own shape, with the platform's fault headers. */
export function errorResponse(family: Family, error: PublicError, requestId: string, faultCode: FaultCode): Response {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    ...idHeaders(requestId),
    "x-baseten-error-source": "04",
    "x-baseten-error-code": faultCode,
  };
  // By lower-case names, so that an author's own takes the place of ours.
  for (const [name, value] of Object.entries(error.headers ?? {})) headers[name.toLowerCase()] = value;
  return new Response(JSON.stringify(errorBody(family, error, requestId)), { status: error.status, headers });
}

/** The answer of a model that is not there yet, or not any more. */
export function notReady(family: Family, requestId: string): Response {
  const error = { status: 503, message: "Model with name model is not ready.", headers: { "retry-after": "5" } };
  return errorResponse(family, error, requestId, "600");
}

/** A plain value as JSON; `undefined` is `null`. Throws on what JSON cannot hold. */
export function jsonResponse(value: unknown, requestId: string, status = 200): Response {
  const text = JSON.stringify(value === undefined ? null : value);
  if (text === undefined) throw new TypeError(`a ${typeof value} cannot be sent as JSON`);
  return new Response(text, { status, headers: { "content-type": "application/json", ...idHeaders(requestId) } });
}

export function bytesResponse(bytes: Uint8Array, requestId: string): Response {
  return new Response(bytes as Uint8Array<ArrayBuffer>, {
    headers: { "content-type": "application/octet-stream", ...idHeaders(requestId) },
  });
}

/** The answer to a MessagePack request. */
export async function messagePackResponse(value: unknown, requestId: string): Promise<Response> {
  const { encode } = await import("@msgpack/msgpack");
  return bytesResponse(encode(value, { ignoreUndefined: true }), requestId);
}

/** A stream is for its reader alone, and is passed on as it comes. */
export function streamHeaders(contentType: string, requestId: string): Record<string, string> {
  return {
    "content-type": contentType,
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
    ...idHeaders(requestId),
  };
}

/** Headers that are the connection's business, and those whose truth nobody can vouch for once a body is streamed. */
const connectionHeaders = [
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/**
 * The author's own answer: status, headers and body stay, the request's id is added where it has none. Throws on what
 * cannot be sent, such as `Response.error()` or a header with a line break.
 */
export function ownResponse(response: Response, requestId: string, body: () => ReadableStream | null): Response {
  const { status } = response;
  if (!(status >= 200 && status <= 599)) throw new RangeError(`a Response of status ${status} cannot be sent`);
  const headers = new Headers(response.headers);
  for (const name of connectionHeaders) headers.delete(name);
  // What fetch() answered is decoded already: its coding is that of other bytes.
  if (response.url !== "") headers.delete("content-encoding");
  for (const [name, id] of Object.entries(idHeaders(requestId))) if (!headers.has(name)) headers.set(name, id);
  return new Response(body(), { status, statusText: response.statusText, headers });
}

/** Whichever copy of `Response` made it: the adapter replaces the global one, fetch() keeps the native. */
export function isResponse(value: unknown): value is Response {
  return value instanceof Response || Object.prototype.toString.call(value) === "[object Response]";
}
