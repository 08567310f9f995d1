import type { Message, RawMessageStreamEvent } from "@anthropic-ai/sdk/resources/messages/messages";
import { readChoices } from "../choices.ts";
import { estimateTokens, promptLength } from "../estimate.ts";
import type { Generations } from "../generation.ts";
import { type HelperInput, modelName, requireObject, type StopOptions } from "../input.ts";
import type { MessageRequest } from "../requests.ts";
import { stopAt, stopsOf } from "../stop.ts";
import { readAll, streamEvents } from "../translate.ts";
import { createMessageEncoder } from "./message-events.ts";

/** What {@link toMessage} reads of a request. */
export type MessageInput = MessageFields | MessageRequest;

interface MessageFields extends HelperInput {
  readonly messages?: unknown;
  readonly stop_sequences?: readonly string[] | null;
  readonly system?: unknown;
  readonly tools?: unknown;
}

/**
 * Answers `POST /v1/messages` from a generation: with a stream of events where the request has `stream: true`, else
 * with the whole message. The stream of an SDK is a generation as well. A tool call's `arguments` must be a JSON
 * object; only one content block is open at a time, so that pieces of other tool calls wait until one is whole.
 *
 * Messages always carry usage. Where the generation says nothing of it, it is estimated at one token for each four
 * characters, of the request's texts and of the answer's.
 *
 * @example
 * messages(input: MessageRequest, request: Request) {
 *   return toMessage(input, this.generate(input.messages, request.signal));
 * }
 *
 * @example
 * messages(input: MessageRequest) {
 *   return toMessage(input, openai.chat.completions.create({ model, messages, stream: true }));
 * }
 */
export function toMessage(
  input: MessageInput & { readonly stream: true },
  generation: Generations,
  options?: StopOptions,
): AsyncIterableIterator<RawMessageStreamEvent>;
export function toMessage(
  input: MessageInput & { readonly stream?: false | null | undefined },
  generation: Generations,
  options?: StopOptions,
): Promise<Message>;
export function toMessage(
  input: MessageInput,
  generation: Generations,
  options?: StopOptions,
): Promise<Message> | AsyncIterableIterator<RawMessageStreamEvent>;
export function toMessage(
  input: MessageInput,
  generation: Generations,
  options: StopOptions = {},
): Promise<Message> | AsyncIterableIterator<RawMessageStreamEvent> {
  const reader = readChoices(generation, {
    family: "anthropic",
    count() {
      requireObject(input);
      return 1;
    },
    prepare: (each) => (options.applyStop === true ? stopAt(each, stopsOf(input.stop_sequences)) : each),
  });
  const encoder = createMessageEncoder({
    model: modelName(input, options),
    inputEstimate: estimateTokens(promptLength([input.system, input.messages, input.tools])),
  });
  return input.stream === true ? streamEvents(reader, encoder) : readMessage();

  /** The whole message is what the events add up to. */
  async function readMessage(): Promise<Message> {
    await readAll(reader, (part) => encoder.push(part, 0));
    encoder.finish();
    return encoder.message();
  }
}
