import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import { readChoices } from "../choices.ts";
import type { Generations } from "../generation.ts";
import { type HelperOptions, refuse, requireObject } from "../input.ts";
import { readAll, streamEvents } from "../translate.ts";
import { isKept } from "./kept.ts";
import { createResponseEncoder } from "./response-events.ts";
import { createResponseObject, type ResponseInput, type WireResponse, wishesOf } from "./response-object.ts";

export interface ResponseOptions extends HelperOptions {
  /**
   * The Model keeps earlier responses itself, and its generation heeds `previous_response_id` and `conversation`.
   * Otherwise requests with these are refused, since they would be answered without what they refer to; where the
   * server keeps responses (`model_metadata.truss_ts.stored_responses`), `previous_response_id` is already resolved.
   *
   * @default false
   */
  readonly stateful?: boolean;
}

/**
 * Answers `POST /v1/responses` from a generation: with a stream of events where the request has `stream: true`, else
 * with the whole response. The stream of an SDK is a generation as well. Usage is what the generation says, else `null`.
 *
 * @example
 * responses(input: ResponseRequest, request: Request) {
 *   return toResponse(input, this.generate(input.input, request.signal));
 * }
 */
export function toResponse(
  input: ResponseInput & { readonly stream: true },
  generation: Generations,
  options?: ResponseOptions,
): AsyncIterableIterator<ResponseStreamEvent>;
export function toResponse(
  input: ResponseInput & { readonly stream?: false | null | undefined },
  generation: Generations,
  options?: ResponseOptions,
): Promise<WireResponse>;
export function toResponse(
  input: ResponseInput,
  generation: Generations,
  options?: ResponseOptions,
): Promise<WireResponse> | AsyncIterableIterator<ResponseStreamEvent>;
export function toResponse(
  input: ResponseInput,
  generation: Generations,
  options: ResponseOptions = {},
): Promise<WireResponse> | AsyncIterableIterator<ResponseStreamEvent> {
  const reader = readChoices(generation, {
    count() {
      requireObject(input);
      refuseState(input, options.stateful ?? false);
      return 1;
    },
  });
  const encoder = createResponseEncoder(createResponseObject(input, options), wishesOf(input));
  return input.stream === true ? streamEvents(reader, encoder) : readResponse();

  /** The whole response is what a stream's last event would show. */
  async function readResponse(): Promise<WireResponse> {
    await readAll(reader, (part) => encoder.push(part, 0));
    encoder.finish();
    return encoder.response();
  }
}

function refuseState(input: ResponseInput, stateful: boolean): void {
  if (input.background === true) refuse("background", "This model does not run responses in the background");
  if (stateful) return;
  const kept = isKept(input);
  for (const param of ["previous_response_id", "conversation"] as const) {
    if (kept && param === "previous_response_id") continue;
    if (input[param] !== undefined && input[param] !== null) {
      refuse(param, `This model keeps no earlier responses: send the whole input instead of ${param}`);
    }
  }
}
