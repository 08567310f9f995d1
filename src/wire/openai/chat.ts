import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions/completions";
import { countChoices, readChoices } from "../choices.ts";
import type { Generations } from "../generation.ts";
import { createId, unixSeconds } from "../ids.ts";
import { type HelperInput, modelName, requireObject, type StopOptions } from "../input.ts";
import type { ChatCompletionRequest } from "../requests.ts";
import { stopAt, stopsOf } from "../stop.ts";
import { readAll, streamEvents } from "../translate.ts";
import { createChatCollector } from "./chat-answer.ts";
import { createChunkEncoder } from "./chat-chunks.ts";

/** What {@link toChatCompletion} reads of a request. */
export type ChatCompletionInput = ChatCompletionFields | ChatCompletionRequest;

export interface ChatCompletionFields extends HelperInput {
  readonly logprobs?: boolean | null;
  readonly messages?: unknown;
  readonly n?: number | null;
  readonly stop?: string | readonly string[] | null;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
  readonly top_logprobs?: number | null;
}

/**
 * Answers `POST /v1/chat/completions` from a generation: with a stream of chunks where the request has
 * `stream: true`, else with the whole completion. The stream of an SDK is a generation as well.
 *
 * Where the request asks for several answers (`n`), give the function that begins a generation; it is called once for
 * each. A generation that was begun already is one answer, and `n` above 1 then answers with an error 400.
 *
 * Usage is what the generation says. Where it says nothing, the whole answer has none, and the chunk that
 * `stream_options.include_usage` asks for has an estimate (one token for each four characters).
 *
 * @example
 * chat_completions(input: ChatCompletionRequest, request: Request) {
 *   return toChatCompletion(input, () => this.generate(input.messages, request.signal));
 * }
 *
 * @example
 * chat_completions(input: ChatCompletionRequest) {
 *   return toChatCompletion(input, anthropic.messages.create({ model, max_tokens, messages, stream: true }));
 * }
 */
export function toChatCompletion(
  input: ChatCompletionInput & { readonly stream: true },
  generation: Generations,
  options?: StopOptions,
): AsyncIterableIterator<ChatCompletionChunk>;
export function toChatCompletion(
  input: ChatCompletionInput & { readonly stream?: false | null | undefined },
  generation: Generations,
  options?: StopOptions,
): Promise<ChatCompletion>;
export function toChatCompletion(
  input: ChatCompletionInput,
  generation: Generations,
  options?: StopOptions,
): Promise<ChatCompletion> | AsyncIterableIterator<ChatCompletionChunk>;
export function toChatCompletion(
  input: ChatCompletionInput,
  generation: Generations,
  options: StopOptions = {},
): Promise<ChatCompletion> | AsyncIterableIterator<ChatCompletionChunk> {
  let count = 1;
  const reader = readChoices(generation, {
    count() {
      requireObject(input);
      count = countChoices(input);
      return count;
    },
    prepare: (each) => (options.applyStop === true ? stopAt(each, stopsOf(input.stop)) : each),
  });
  const head = { id: createId("chatcmpl", "-"), created: unixSeconds(), model: modelName(input, options) };
  const asked = { ...head, count, logprobs: input.logprobs === true ? (input.top_logprobs ?? 0) : undefined };
  if (input.stream === true) return streamEvents(reader, createChunkEncoder(input, asked));
  const collector = createChatCollector(asked);
  return readAll(reader, collector.push).then(collector.whole);
}
