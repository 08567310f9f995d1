import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import { createPartReader, type GenerationSource } from "../generation.ts";
import { type HelperOptions, refuse, requireObject } from "../input.ts";
import { readAll, streamEvents } from "../translate.ts";
import { createResponseEncoder } from "./response-events.ts";
import { createResponseObject, type ResponseInput, type WireResponse } from "./response-object.ts";

export interface ResponseOptions extends HelperOptions {
  /**
   * The Model keeps earlier responses itself, and its generation heeds `previous_response_id` and `conversation`.
   * Otherwise requests with these are refused, since they would be answered without what they refer to.
   *
   * @default false
   */
  readonly stateful?: boolean;
}

/**
 * Answers `POST /v1/responses` from a generation: with a stream of events where the request has `stream: true`, else
 * with the whole response. Usage is what the generation says, else `null`.
 *
 * @example
 * responses(input: ResponseRequest, request: Request) {
 *   return toResponse(input, this.generate(input.input, request.signal));
 * }
 */
export function toResponse(
  input: ResponseInput & { readonly stream: true },
  generation: GenerationSource,
  options?: ResponseOptions,
): AsyncIterableIterator<ResponseStreamEvent>;
export function toResponse(
  input: ResponseInput & { readonly stream?: false | null | undefined },
  generation: GenerationSource,
  options?: ResponseOptions,
): Promise<WireResponse>;
export function toResponse(
  input: ResponseInput,
  generation: GenerationSource,
  options?: ResponseOptions,
): Promise<WireResponse> | AsyncIterableIterator<ResponseStreamEvent>;
export function toResponse(
  input: ResponseInput,
  generation: GenerationSource,
  options: ResponseOptions = {},
): Promise<WireResponse> | AsyncIterableIterator<ResponseStreamEvent> {
  const reader = createPartReader(generation);
  requireObject(input);
  refuseState(input, options.stateful ?? false);
  const encoder = createResponseEncoder(createResponseObject(input, options));
  return input.stream === true ? streamEvents(reader, encoder) : readResponse();

  /** The whole response is what a stream's last event would show. */
  async function readResponse(): Promise<WireResponse> {
    await readAll(reader, encoder.push);
    encoder.finish();
    return encoder.response();
  }
}

function refuseState(input: ResponseInput, stateful: boolean): void {
  if (input.background === true) refuse("background", "This model does not run responses in the background");
  if (stateful) return;
  for (const param of ["previous_response_id", "conversation"] as const) {
    if (input[param] !== undefined && input[param] !== null) {
      refuse(param, `This model keeps no earlier responses: send the whole input instead of ${param}`);
    }
  }
}
