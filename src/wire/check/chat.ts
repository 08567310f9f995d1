import { anything, byType, count, hinted, list, nullable, number, object, oneOf, optional, text } from "./rule.ts";

const finishReason = oneOf("stop", "length", "tool_calls", "content_filter", "function_call");

export const usage = object({ prompt_tokens: count, completion_tokens: count, total_tokens: count });

const toolCall = byType({
  function: object({ id: text, function: object({ name: text, arguments: text }) }),
  custom: object({ id: text, custom: object({ name: text, input: text }) }),
});

const message = object({
  role: oneOf("assistant"),
  content: nullable(text),
  refusal: nullable(text),
  tool_calls: optional(list(toolCall)),
});

/** The whole answer of `POST /v1/chat/completions`. */
export const chatCompletion = object({
  id: text,
  object: oneOf("chat.completion"),
  created: number,
  model: text,
  choices: list(
    object({
      index: count,
      finish_reason: hinted(finishReason, "the AI SDK reports an unknown finish without it; use toChatCompletion"),
      logprobs: nullable(anything),
      message,
    }),
  ),
  usage: optional(nullable(usage)),
});

const toolCallPiece = object({
  index: hinted(count, "clients join the pieces of a call by it; use toChatCompletion"),
  id: optional(text),
  type: optional(oneOf("function")),
  function: optional(object({ name: optional(text), arguments: optional(text) })),
});

const delta = object({
  role: optional(oneOf("developer", "system", "user", "assistant", "tool")),
  content: optional(nullable(text)),
  refusal: optional(nullable(text)),
  tool_calls: optional(list(toolCallPiece)),
});

/** One `data:` of its stream. */
export const chatCompletionChunk = object({
  id: text,
  object: oneOf("chat.completion.chunk"),
  created: number,
  model: text,
  choices: list(
    object({
      index: count,
      delta: hinted(delta, "a chunk carries a delta, the whole answer a message"),
      finish_reason: hinted(nullable(finishReason), "it is null until the last chunk"),
      logprobs: optional(nullable(anything)),
    }),
  ),
  usage: optional(nullable(usage)),
});
