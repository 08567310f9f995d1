import type { Endpoint } from "../model/endpoints.ts";
import { isHttpError } from "../errors.ts";
import { type PublicError, toPublicError } from "../wire/errors.ts";
import type { Inspection, Tap } from "../wire/check/inspector.ts";
import { createFramer } from "../wire/framer.ts";
import type { AppBindings, AppOptions } from "./app.ts";
import { type CallResult, runCall } from "./call.ts";
import { createConversation } from "./conversation.ts";
import { ClientGone, type Input, defaultMaxBodyBytes, parseInput, readBody } from "./input.ts";
import type { Release } from "./limits.ts";
import { createModelRequest } from "./model-request.ts";
import { bytesResponse, errorResponse, isResponse, jsonResponse, messagePackResponse, ownResponse } from "./reply.ts";
import type { ResponseStore } from "./response-store.ts";
import { runInScope } from "./request-scope.ts";
import { messageOf, presentable } from "./stacks.ts";
import { type OnLeave, StreamTimeout, gather, isStream, onAbort, onClose } from "./stream.ts";
import { answerStream } from "./stream-answer.ts";
import { schemasOf } from "./validate.ts";

export interface HandlerOptions extends AppOptions {
  /** Keeps the responses of `responses`; `undefined`: nobody does. */
  readonly store?: ResponseStore | undefined;
}

/** One request on its way through an endpoint. */
interface Exchange {
  readonly endpoint: Endpoint;
  readonly options: HandlerOptions;
  readonly request: Request;
  readonly bindings: AppBindings;
  readonly requestId: string;
}

/** Answers one endpoint's requests; the model is known to be ready. */
export function createEndpointHandler(endpoint: Endpoint, options: HandlerOptions) {
  return (request: Request, bindings: AppBindings, requestId: string): Promise<Response> =>
    runInScope({ requestId }, () => answer({ endpoint, options, request, bindings, requestId }));
}

async function answer(exchange: Exchange): Promise<Response> {
  const { endpoint, options, request, bindings, requestId } = exchange;
  if (options.host.method(endpoint.method) === undefined) return missingMethod(endpoint, requestId);
  let input: Input;
  try {
    const body = await readBody(request, bindings.incoming, options.maxBodyBytes ?? defaultMaxBodyBytes);
    const parsed = parseInput(body, request.headers.get("content-type"), endpoint.family !== "json");
    input = parsed instanceof Promise ? await parsed : parsed;
    return await call(exchange, input, body);
  } catch (error) {
    return failure(exchange, error);
  }
}

async function call(exchange: Exchange, input: Input, body: Uint8Array): Promise<Response> {
  const { endpoint, options, request } = exchange;
  const { host, slots, store } = options;
  const conversation = store && endpoint.method === "responses" ? createConversation(store) : undefined;
  const modelRequest = createModelRequest(
    { method: request.method, url: request.url, headers: request.headers, body, signal: () => request.signal },
    host.arity(endpoint.method) > 1,
  );
  const result = await runCall({
    host,
    slots,
    endpoint,
    schema: schemasOf(host.modelClass)[endpoint.method],
    input: input.value,
    resolve: conversation?.resolve,
    request: modelRequest,
    isGone: () => isGone(exchange),
    signal: () => request.signal,
  });
  if (conversation === undefined) return reply(exchange, input, result);
  return reply(exchange, input, { ...result, value: conversation.watch(result.value) });
}

function isGone({ bindings, request }: Exchange): boolean {
  return bindings.outgoing === undefined ? request.signal.aborted : bindings.outgoing.destroyed;
}

/** Whatever gives the slot back, once the work has really ended, also when it fails. */
function reply(exchange: Exchange, input: Input, { value, release }: CallResult): Response | Promise<Response> {
  const { endpoint, options, requestId } = exchange;
  const inspection = options.inspect?.({ endpoint, input: input.value, requestId });
  if (isResponse(value)) return passOn(exchange, value, release, inspection?.response(value));
  if (isStream(value)) {
    if (!gathers(exchange)) return stream(exchange, value, release, inspection);
    return gather(value, leaving(exchange))
      .finally(release)
      .then((gathered) => plainReply(input, gathered, requestId));
  }
  const answer = plainReply(input, value, requestId);
  inspection?.value(value);
  return answer;
}

function plainReply(input: Input, value: unknown, requestId: string): Response | Promise<Response> {
  if (value instanceof Uint8Array) return bytesResponse(value, requestId);
  if (value instanceof ArrayBuffer) return bytesResponse(new Uint8Array(value), requestId);
  return input.kind === "binary" ? messagePackResponse(value, requestId) : jsonResponse(value, requestId);
}

/** A `predict` stream is gathered for exactly `Accept: application/json`; OpenAI's SDK sends that always, and streams. */
function gathers({ endpoint, request }: Exchange): boolean {
  if (endpoint.family !== "json" || request.headers.get("accept") !== "application/json") return false;
  return !(request.headers.get("user-agent") ?? "").toLowerCase().includes("openai");
}

function stream(
  exchange: Exchange,
  source: AsyncIterable<unknown> | Iterable<unknown>,
  release: Release | undefined,
  inspection: Inspection | undefined,
): Promise<Response> {
  const { endpoint, options, request, bindings, requestId } = exchange;
  const framer = createFramer(endpoint.framing, { requestId, accept: request.headers.get("accept") });
  return answerStream({
    source,
    framer: inspection?.framer(framer) ?? framer,
    outgoing: bindings.outgoing,
    onLeave: leaving(exchange),
    requestId,
    onError: (error) => reportError(exchange, error),
    onEnd: () => release?.(),
    readTimeoutMs: options.readTimeoutMs,
    keepAliveMs: options.keepAliveMs,
  });
}

/** Where there is a socket, its end says that the client has left; elsewhere the request's signal does. */
function leaving({ bindings: { outgoing }, request }: Exchange): OnLeave {
  return outgoing === undefined ? onAbort(request.signal) : onClose(outgoing);
}

/** The author's own Response; its stream holds the slot until it has ended, failed or lost its reader. */
function passOn(exchange: Exchange, response: Response, release: Release | undefined, tap: Tap | undefined): Response {
  let watching = false;
  try {
    return ownResponse(response, exchange.requestId, () => {
      if (response.body === null) return null;
      const body = watched(exchange, response.body, release, tap);
      watching = true;
      return body;
    });
  } finally {
    if (!watching) release?.();
  }
}

function watched(
  exchange: Exchange,
  source: ReadableStream<Uint8Array>,
  release: Release | undefined,
  tap: Tap | undefined,
): ReadableStream<Uint8Array> {
  const { bindings } = exchange;
  const reader = source.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) {
            tap?.chunk(value);
            return controller.enqueue(value);
          }
          controller.close();
          tap?.end();
          release?.();
        } catch (error) {
          release?.();
          reportError(exchange, error);
          if (!cut(bindings)) controller.error(new Error("the stream failed"));
        }
      },
      async cancel(reason) {
        await reader.cancel(reason).catch(() => undefined);
        release?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Breaks the connection off; false where there is none. */
function cut({ outgoing }: AppBindings): boolean {
  outgoing?.destroy();
  return outgoing !== undefined;
}

function missingMethod({ method, path, family }: Endpoint, requestId: string): Response {
  const message = `This model has no \`${method}\` method: write \`${method}(input, request)\` on the Model class to serve POST ${path}.`;
  return errorResponse(family, { status: 404, message }, requestId, "700");
}

function failure(exchange: Exchange, thrown: unknown): Response {
  const { endpoint, request, requestId } = exchange;
  const error = presentable(thrown);
  if (error instanceof ClientGone || (isGone(exchange) && (isAbort(error) || thrown === request.signal.reason)))
    return errorResponse(endpoint.family, { status: 499, message: "Client closed the request" }, requestId, "600");
  return errorResponse(endpoint.family, reportError(exchange, error), requestId, faultCode(error));
}

/** What `fetch` and the SDKs throw when the signal that the model gave them aborts; `throwIfAborted()` has its reason. */
function isAbort(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === "AbortError" || error.message === "Request was aborted." || isAbort(error.cause);
}

function faultCode(error: unknown) {
  return isHttpError(error) && (error.status === 400 || error.status === 413) ? "700" : "600";
}

/** What the client may know; everything else goes to the log. */
function reportError({ options, requestId }: Exchange, thrown: unknown): PublicError {
  const error = presentable(thrown);
  if (error instanceof StreamTimeout) {
    options.log.write("ERROR", error.message);
    return { status: 504, message: error.message };
  }
  if (!isHttpError(error)) options.onModelError?.(error, requestId);
  else if (error.status >= 500)
    options.log.write("WARNING", `Model raised HttpError ${error.status}: ${messageOf(error)}`);
  return toPublicError(error);
}
