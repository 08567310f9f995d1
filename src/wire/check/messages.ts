import { type Rule, anyObject, byType, count, hinted, list, nullable, object, oneOf, text } from "./rule.ts";

/** The SDK types it as anything. */
const toolInput: Rule<unknown> = hinted(anyObject, "parsed, not as text; use toMessage");

const contentBlock = byType({
  text: object({ text }),
  tool_use: object({ id: text, name: text, input: toolInput }),
  thinking: object({ thinking: text, signature: text }),
  redacted_thinking: object({ data: text }),
});

const stopReason = oneOf(
  "end_turn",
  "max_tokens",
  "stop_sequence",
  "tool_use",
  "pause_turn",
  "refusal",
  "model_context_window_exceeded",
);

const usage = object({ input_tokens: count, output_tokens: count });

/** The whole answer of `POST /v1/messages`. */
export const message = object({
  id: text,
  type: oneOf("message"),
  role: oneOf("assistant"),
  model: text,
  content: list(contentBlock),
  stop_reason: nullable(stopReason),
  stop_sequence: nullable(text),
  usage,
});

const blockDelta = byType({
  text_delta: object({ text }),
  input_json_delta: object({ partial_json: text }),
  thinking_delta: object({ thinking: text }),
  signature_delta: object({ signature: text }),
});

const finalUsage = hinted(
  object({ output_tokens: count }),
  "the Anthropic SDK and the AI SDK throw without it; yield it or use toMessage",
);

/** One event of its stream. */
export const messageEvent = byType({
  message_start: object({ message }),
  content_block_start: object({ index: count, content_block: contentBlock }),
  content_block_delta: object({ index: count, delta: blockDelta }),
  content_block_stop: object({ index: count }),
  message_delta: object({
    delta: object({ stop_reason: nullable(stopReason), stop_sequence: nullable(text) }),
    usage: finalUsage,
  }),
  message_stop: object({}),
});
