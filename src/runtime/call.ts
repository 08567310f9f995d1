import type { Endpoint } from "../model/endpoints.ts";
import type { Release, Slots } from "./limits.ts";
import { ClientGone } from "./input.ts";
import type { ModelHost } from "./lifecycle.ts";
import { isResponse } from "./reply.ts";
import { isStream } from "./stream.ts";
import { type EndpointSchema, validateInput, validateOutput } from "./validate.ts";

export interface Call {
  readonly host: ModelHost;
  readonly slots: Slots;
  readonly endpoint: Endpoint;
  readonly schema: EndpointSchema | undefined;
  readonly input: unknown;
  /** Puts in what the input refers to, once it is known to be valid. */
  readonly resolve?: ((input: unknown) => unknown) | undefined;
  readonly request: Request;
  /** Whether the client has left. Asked for instead of a signal, which costs more to make than a small request. */
  readonly isGone: () => boolean;
  readonly signal: () => AbortSignal;
}

export interface CallResult {
  readonly value: unknown;
  /** For a stream: gives the slot back; call it when the stream has really ended. */
  readonly release: Release | undefined;
}

/** Runs one endpoint call: validate, preprocess, wait for a slot, the method, postprocess. */
export async function runCall(call: Call): Promise<CallResult> {
  const { host, slots, endpoint, request, isGone, signal, schema } = call;
  let { input } = call;
  if (schema?.input !== undefined) input = await validateInput(schema.input, input);
  if (call.resolve !== undefined) input = call.resolve(input);
  const isPredict = endpoint.method === "predict";
  const preprocess = isPredict ? host.method("preprocess") : undefined;
  if (preprocess !== undefined) input = await preprocess(input, request);

  leaveIfGone(isGone);
  const release = slots.tryAcquire() ?? (await enter(slots, signal));
  let value: unknown;
  try {
    leaveIfGone(isGone);
    value = host.method(endpoint.method)?.(input, request);
    if (isThenable(value)) value = await value;
  } catch (error) {
    release();
    throw error;
  }
  const postprocess = isPredict ? host.method("postprocess") : undefined;
  if (isStream(value) || isResponse(value)) {
    if (postprocess === undefined) return { value, release };
    release();
    throw new Error("predict returned a stream or a Response, which postprocess cannot take");
  }
  release();
  if (postprocess !== undefined) {
    leaveIfGone(isGone);
    value = await postprocess(value, request);
  }
  if (schema?.output !== undefined && !isStream(value) && !isResponse(value)) {
    value = await validateOutput(schema.output, value);
  }
  return { value, release: undefined };
}

async function enter(slots: Slots, getSignal: () => AbortSignal): Promise<Release> {
  const signal = getSignal();
  try {
    return await slots.acquire(signal);
  } catch (error) {
    throw signal.aborted ? new ClientGone() : error;
  }
}

function leaveIfGone(isGone: () => boolean): void {
  if (isGone()) throw new ClientGone();
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
