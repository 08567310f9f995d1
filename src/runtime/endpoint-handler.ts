import type { Endpoint } from "../model/endpoints.ts";
import { isHttpError } from "../errors.ts";
import { type PublicError, toPublicError } from "../wire/errors.ts";
import type { Inspection } from "../wire/check/inspector.ts";
import { createFramer } from "../wire/framer.ts";
import type { AppBindings, AppOptions } from "./app.ts";
import { type CallResult, runCall } from "./call.ts";
import { createConversation } from "./conversation.ts";
import { type Deadline, TimeOver, answerInTime, createDeadline, either } from "./deadline.ts";
import { ClientGone, type Input, defaultMaxBodyBytes, parseInput, readBody } from "./input.ts";
import type { Release } from "./limits.ts";
import { createModelRequest } from "./model-request.ts";
import { bytesResponse, errorResponse, isResponse, jsonResponse, messagePackResponse } from "./reply.ts";
import { answerResponse, dropResponse } from "./response-answer.ts";
import type { ResponseStore } from "./response-store.ts";
import { runInScope } from "./request-scope.ts";
import { watchSilence } from "./silence.ts";
import { messageOf, presentable } from "./stacks.ts";
import { type OnLeave, dropStream, gather, isStream, onAbort, onClose } from "./stream.ts";
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
  readonly deadline: Deadline;
}

/** Answers one endpoint's requests; the model is known to be ready. */
export function createEndpointHandler(endpoint: Endpoint, options: HandlerOptions) {
  return (request: Request, bindings: AppBindings, requestId: string): Promise<Response> =>
    runInScope({ requestId }, () => {
      const deadline = createDeadline(request, options);
      const exchange = { endpoint, options, request, bindings, requestId, deadline };
      return answerInTime(deadline, bindings.outgoing, answer(exchange), (error) => late(exchange, error));
    });
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
  const { endpoint, options, request, deadline } = exchange;
  const { host, slots, store } = options;
  const conversation = store && endpoint.method === "responses" ? createConversation(store) : undefined;
  const modelRequest = createModelRequest(
    { method: request.method, url: request.url, headers: request.headers, body, signal: deadline.signal },
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
    signal: deadline.signal,
  });
  if (conversation === undefined) return reply(exchange, input, result);
  return reply(exchange, input, { ...result, value: conversation.watch(result.value) });
}

/** There is nobody any more, or nobody waits any longer. */
function isGone({ bindings, request, deadline }: Exchange): boolean {
  if (deadline.passed !== undefined) return true;
  return bindings.outgoing === undefined ? request.signal.aborted : bindings.outgoing.destroyed;
}

/** Whatever gives the slot back, once the work has really ended, also when it fails. */
function reply(exchange: Exchange, input: Input, { value, release }: CallResult): Response | Promise<Response> {
  const { endpoint, options, requestId } = exchange;
  const streams = isStream(value);
  if ((streams || isResponse(value)) && isGone(exchange)) return drop(value, release);
  const inspection = options.inspect?.({ endpoint, input: input.value, requestId });
  if (isResponse(value)) {
    const { onLeave, outgoing, onError, onEnd, deadline } = hooksOf(exchange, release);
    const tap = inspection?.response(value);
    return answerResponse({ response: value, requestId, tap, outgoing, onLeave, onError, onEnd, deadline });
  }
  if (streams) {
    if (!gathers(exchange)) return stream(exchange, value, release, inspection);
    return gatherAll(exchange, value)
      .finally(release)
      .then((gathered) => plainReply(exchange, input, gathered));
  }
  const answer = plainReply(exchange, input, value);
  inspection?.value(value);
  return answer;
}

/** The client left while the method ran: what it would stream is not begun. */
async function drop(
  value: Response | AsyncIterable<unknown> | Iterable<unknown>,
  release: Release | undefined,
): Promise<never> {
  await (isResponse(value) ? dropResponse(value) : dropStream(value));
  release?.();
  throw new ClientGone();
}

function plainReply(exchange: Exchange, input: Input, value: unknown): Response | Promise<Response> {
  const { requestId } = exchange;
  settle(exchange);
  if (value instanceof Uint8Array) return bytesResponse(value, requestId);
  if (value instanceof ArrayBuffer) return bytesResponse(new Uint8Array(value), requestId);
  return input.kind === "binary" ? messagePackResponse(value, requestId) : jsonResponse(value, requestId);
}

/** A `predict` stream is gathered for exactly `Accept: application/json`; OpenAI's SDK sends that always, and streams. */
function gathers({ endpoint, request }: Exchange): boolean {
  if (endpoint.family !== "json" || request.headers.get("accept") !== "application/json") return false;
  return !(request.headers.get("user-agent") ?? "").toLowerCase().includes("openai");
}

function gatherAll(exchange: Exchange, source: AsyncIterable<unknown> | Iterable<unknown>): Promise<unknown> {
  const { deadline, options } = exchange;
  const silence = watchSilence({
    timeoutMs: options.readTimeoutMs,
    onTimeout: deadline.silent,
    onKeepAlive: () => undefined,
  });
  return gather(source, either(leaving(exchange), deadline), silence);
}

function stream(
  exchange: Exchange,
  source: AsyncIterable<unknown> | Iterable<unknown>,
  release: Release | undefined,
  inspection: Inspection | undefined,
): Promise<Response> {
  const { endpoint, options, request, requestId } = exchange;
  const framer = createFramer(endpoint.framing, { requestId, accept: request.headers.get("accept") });
  return answerStream({
    ...hooksOf(exchange, release),
    source,
    framer: inspection?.framer(framer) ?? framer,
    requestId,
    readTimeoutMs: options.readTimeoutMs,
    keepAliveMs: options.keepAliveMs,
  });
}

/** What an answer that is still being made needs to know, and tells. */
function hooksOf(exchange: Exchange, release: Release | undefined) {
  return {
    outgoing: exchange.bindings.outgoing,
    onLeave: leaving(exchange),
    deadline: exchange.deadline,
    onError: (error: unknown) => reportError(exchange, error),
    onEnd: () => {
      release?.();
      settle(exchange);
    },
  };
}

/** The answer is whole. Over a socket it has yet to be read: there the connection's end stops the clock. */
function settle({ bindings, deadline }: Exchange): void {
  if (bindings.outgoing === undefined) deadline.stop();
}

/** Where there is a socket, its end says that the client has left; elsewhere the request's signal does. */
function leaving({ bindings: { outgoing }, request }: Exchange): OnLeave {
  return outgoing === undefined ? onAbort(request.signal) : onClose(outgoing);
}

function missingMethod({ method, path, family }: Endpoint, requestId: string): Response {
  const message = `This model has no \`${method}\` method: write \`${method}(input, request)\` on the Model class to serve POST ${path}.`;
  return errorResponse(family, { status: 404, message }, requestId, "700");
}

/** 504, and 408 where it is the client that has not said all yet. What has begun is not waited for. */
function late(exchange: Exchange, error: TimeOver): Response {
  const { endpoint, requestId, bindings } = exchange;
  const fault = reportError(exchange, error);
  if (bindings.incoming?.complete !== false) return errorResponse(endpoint.family, fault, requestId, "600");
  const headers = { connection: "close" };
  return errorResponse(endpoint.family, { ...fault, status: 408, headers }, requestId, "700");
}

function failure(exchange: Exchange, thrown: unknown): Response {
  const { endpoint, request, requestId } = exchange;
  settle(exchange);
  const error = presentable(thrown);
  const ended = exchange.deadline.passed !== undefined || error instanceof ClientGone;
  if (ended || (isGone(exchange) && (isAbort(error) || thrown === request.signal.reason)))
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
  if (error instanceof TimeOver) {
    options.log.write("ERROR", error.message);
    return { status: 504, message: error.message };
  }
  if (!isHttpError(error)) options.onModelError?.(error, requestId);
  else if (error.status >= 500)
    options.log.write("WARNING", `Model raised HttpError ${error.status}: ${messageOf(error)}`);
  return toPublicError(error);
}
