import type { Message, RawMessageStreamEvent } from "@anthropic-ai/sdk/resources/messages/messages";
import { createPartReader, type GenerationSource } from "../generation.ts";
import { type HelperInput, type HelperOptions, modelName, requireObject } from "../input.ts";
import { estimateTokens, promptLength } from "../estimate.ts";
import { readAll, streamEvents } from "../translate.ts";
import { createMessageEncoder } from "./message-events.ts";
import type { MessageRequest } from "../requests.ts";

/** What {@link toMessage} reads of a request. */
export type MessageInput = MessageFields | MessageRequest;

interface MessageFields extends HelperInput {
  readonly messages?: unknown;
  readonly system?: unknown;
  readonly tools?: unknown;
}

/**
 * Answers `POST /v1/messages` from a generation: with a stream of events where the request has `stream: true`, else
 * with the whole message. A tool call's `arguments` must be a JSON object.
 *
 * Messages always carry usage. Where the generation says nothing of it, it is estimated at one token for each four
 * characters, of the request's texts and of the answer's.
 *
 * @example
 * messages(input: MessageRequest, request: Request) {
 *   return toMessage(input, this.generate(input.messages, request.signal));
 * }
 */
export function toMessage(
  input: MessageInput & { readonly stream: true },
  generation: GenerationSource,
  options?: HelperOptions,
): AsyncIterableIterator<RawMessageStreamEvent>;
export function toMessage(
  input: MessageInput & { readonly stream?: false | null | undefined },
  generation: GenerationSource,
  options?: HelperOptions,
): Promise<Message>;
export function toMessage(
  input: MessageInput,
  generation: GenerationSource,
  options?: HelperOptions,
): Promise<Message> | AsyncIterableIterator<RawMessageStreamEvent>;
export function toMessage(
  input: MessageInput,
  generation: GenerationSource,
  options: HelperOptions = {},
): Promise<Message> | AsyncIterableIterator<RawMessageStreamEvent> {
  const reader = createPartReader(generation);
  requireObject(input);
  const encoder = createMessageEncoder({
    model: modelName(input, options),
    inputEstimate: estimateTokens(promptLength([input.system, input.messages, input.tools])),
  });
  return input.stream === true ? streamEvents(reader, encoder) : readMessage();

  /** The whole message is what the events add up to. */
  async function readMessage(): Promise<Message> {
    await readAll(reader, encoder.push);
    encoder.finish();
    return encoder.message();
  }
}
