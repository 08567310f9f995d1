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
  readonly request: Request;
  readonly signal: AbortSignal;
}

export interface CallResult {
  readonly value: unknown;
  /** For a stream: gives the slot back; call it when the stream has really ended. */
  readonly release: Release | undefined;
}

/** Runs one endpoint call: validate, preprocess, wait for a slot, the method, postprocess. */
export async function runCall(call: Call): Promise<CallResult> {
  const { host, slots, endpoint, request, signal, schema } = call;
  let input = await validateInput(schema?.input, call.input);
  const isPredict = endpoint.method === "predict";
  const preprocess = isPredict ? host.method("preprocess") : undefined;
  if (preprocess !== undefined) input = await preprocess(input, request);

  leaveIfGone(signal);
  const release = await enter(slots, signal);
  let value: unknown;
  try {
    leaveIfGone(signal);
    value = await host.method(endpoint.method)?.(input, request);
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
    leaveIfGone(signal);
    value = await postprocess(value, request);
  }
  if (!isStream(value) && !isResponse(value)) value = await validateOutput(schema?.output, value);
  return { value, release: undefined };
}

async function enter(slots: Slots, signal: AbortSignal): Promise<Release> {
  try {
    return await slots.acquire(signal);
  } catch {
    throw new ClientGone();
  }
}

function leaveIfGone(signal: AbortSignal): void {
  if (signal.aborted) throw new ClientGone();
}
