import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions/completions";
import { estimateTokens, promptLength } from "../estimate.ts";
import {
  createPartReader,
  type FinishReason,
  type GenerationPart,
  type GenerationSource,
  type PartReader,
  type ToolCallPart,
  type UsagePart,
} from "../generation.ts";
import { createId, unixSeconds } from "../ids.ts";
import { type HelperInput, type HelperOptions, modelName, refuseMany, requireObject } from "../input.ts";
import { type Encoder, readAll, streamEvents } from "../translate.ts";
import { toUsage, wantsUsage } from "./usage.ts";
import type { ChatCompletionRequest } from "../requests.ts";

/** What {@link toChatCompletion} reads of a request. */
export type ChatCompletionInput = ChatCompletionFields | ChatCompletionRequest;

interface ChatCompletionFields extends HelperInput {
  readonly n?: number | null;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
  readonly messages?: unknown;
}

/** Reasoning travels in `reasoning_content`, which OpenAI's schema lacks and most clients read. */
type Reasoned = { reasoning_content?: string };

/**
 * Answers `POST /v1/chat/completions` from a generation: with a stream of chunks where the request has
 * `stream: true`, else with the whole completion. Answers with an error 400 where `n` is above 1.
 *
 * Usage is what the generation says. Where it says nothing, the whole answer has none, and the chunk that
 * `stream_options.include_usage` asks for has an estimate (one token for each four characters).
 *
 * @example
 * chat_completions(input: ChatCompletionRequest, request: Request) {
 *   return toChatCompletion(input, this.generate(input.messages, request.signal));
 * }
 */
export function toChatCompletion(
  input: ChatCompletionInput & { readonly stream: true },
  generation: GenerationSource,
  options?: HelperOptions,
): AsyncIterableIterator<ChatCompletionChunk>;
export function toChatCompletion(
  input: ChatCompletionInput & { readonly stream?: false | null | undefined },
  generation: GenerationSource,
  options?: HelperOptions,
): Promise<ChatCompletion>;
export function toChatCompletion(
  input: ChatCompletionInput,
  generation: GenerationSource,
  options?: HelperOptions,
): Promise<ChatCompletion> | AsyncIterableIterator<ChatCompletionChunk>;
export function toChatCompletion(
  input: ChatCompletionInput,
  generation: GenerationSource,
  options: HelperOptions = {},
): Promise<ChatCompletion> | AsyncIterableIterator<ChatCompletionChunk> {
  const reader = createPartReader(generation);
  requireObject(input);
  refuseMany(input);
  const head = { id: createId("chatcmpl", "-"), created: unixSeconds(), model: modelName(input, options) };
  return input.stream === true
    ? streamEvents(reader, createChunkEncoder(input, head))
    : readChatCompletion(reader, head);
}

interface Head {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

function createChunkEncoder(input: ChatCompletionInput, head: Head): Encoder<ChatCompletionChunk> {
  const withUsage = wantsUsage(input);
  let toolCalls = 0;
  let characters = 0;
  let finish: FinishReason | undefined;
  let usage: UsagePart | undefined;

  const chunk = (choices: ChatCompletionChunk.Choice[]): ChatCompletionChunk => ({
    ...head,
    object: "chat.completion.chunk",
    choices,
    ...(withUsage ? { usage: null } : {}),
  });
  const piece = (
    delta: ChatCompletionChunk.Choice.Delta & Reasoned,
    reason: FinishReason | null = null,
  ): ChatCompletionChunk => chunk([{ index: 0, delta, logprobs: null, finish_reason: reason }]);

  return {
    start: () => [piece({ role: "assistant", content: "" })],
    push(part) {
      switch (part.type) {
        case "text":
          characters += part.text.length;
          return part.text === "" ? [] : [piece({ content: part.text })];
        case "reasoning":
          characters += part.text.length;
          return part.text === "" ? [] : [piece({ reasoning_content: part.text })];
        case "tool_call":
          characters += part.arguments.length;
          return [piece({ tool_calls: [{ index: toolCalls++, ...toToolCall(part) }] })];
        case "usage":
          usage = part;
          return [];
        case "finish":
          finish = part.reason;
          return [];
      }
    },
    finish() {
      const last = piece({}, finish ?? (toolCalls > 0 ? "tool_calls" : "stop"));
      if (!withUsage) return [last];
      const known = usage ?? {
        input_tokens: estimateTokens(promptLength(input.messages)),
        output_tokens: estimateTokens(characters),
      };
      return [last, { ...chunk([]), usage: toUsage(known) }];
    },
  };
}

async function readChatCompletion(reader: PartReader, head: Head): Promise<ChatCompletion> {
  const parts: GenerationPart[] = [];
  await readAll(reader, (part) => parts.push(part));
  const texts = (type: "text" | "reasoning") =>
    parts.flatMap((part) => (part.type === type ? [part.text] : [])).join("");
  const toolCalls = parts.filter((part) => part.type === "tool_call").map(toToolCall);
  const finish = parts.findLast((part) => part.type === "finish");
  const usage = parts.findLast((part) => part.type === "usage");
  const content = texts("text");
  const reasoning = texts("reasoning");

  const message: ChatCompletion.Choice["message"] & Reasoned = {
    role: "assistant",
    content: content === "" && toolCalls.length > 0 ? null : content,
    refusal: null,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
  };
  const reason = finish?.reason ?? (toolCalls.length > 0 ? "tool_calls" : "stop");
  return {
    ...head,
    object: "chat.completion",
    choices: [{ index: 0, message, logprobs: null, finish_reason: reason }],
    ...(usage === undefined ? {} : { usage: toUsage(usage) }),
  };
}

function toToolCall(part: ToolCallPart) {
  return { id: part.id, type: "function" as const, function: { name: part.name, arguments: part.arguments } };
}
