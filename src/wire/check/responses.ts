import {
  anyObject,
  anything,
  byType,
  count,
  flag,
  hinted,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  text,
} from "./rule.ts";

const status = oneOf("in_progress", "completed", "incomplete");

const contentPart = byType({
  output_text: object({ text, annotations: list(anyObject), logprobs: optional(list(anything)) }),
  refusal: object({ refusal: text }),
  reasoning_text: object({ text }),
});

const outputItem = byType({
  message: object({ id: text, role: oneOf("assistant"), status, content: list(contentPart) }),
  function_call: object({ call_id: text, name: text, arguments: text, id: optional(text), status: optional(status) }),
  reasoning: object({ id: text, summary: list(object({ type: oneOf("summary_text"), text })) }),
});

const usage = object({
  input_tokens: count,
  input_tokens_details: object({ cached_tokens: count }),
  output_tokens: count,
  output_tokens_details: object({ reasoning_tokens: count }),
  total_tokens: count,
});

/** The whole answer of `POST /v1/responses`. */
export const response = object({
  id: text,
  object: oneOf("response"),
  created_at: number,
  error: nullable(object({ code: text, message: text })),
  incomplete_details: nullable(anyObject),
  instructions: nullable(anything),
  metadata: nullable(anyObject),
  model: text,
  output: list(outputItem),
  parallel_tool_calls: flag,
  status: optional(oneOf("completed", "failed", "in_progress", "cancelled", "queued", "incomplete")),
  temperature: nullable(number),
  tool_choice: anything,
  tools: list(anyObject),
  top_p: nullable(number),
  usage: optional(nullable(usage)),
});

const numbered = { sequence_number: count };
const whole = object({ ...numbered, response });
const item = object({ ...numbered, output_index: count, item: outputItem });
const place = { ...numbered, item_id: text, output_index: count };
const part = { ...place, content_index: count };
const summary = { ...place, summary_index: count };
const joined = "clients read the whole from here, and compare it with the deltas; use toResponse";

/** One event of its stream. */
export const responseEvent = byType({
  "response.created": whole,
  "response.queued": whole,
  "response.in_progress": whole,
  "response.completed": whole,
  "response.incomplete": whole,
  "response.failed": whole,
  "response.output_item.added": item,
  "response.output_item.done": item,
  "response.content_part.added": object({ ...part, part: contentPart }),
  "response.content_part.done": object({ ...part, part: contentPart }),
  "response.output_text.delta": object({ ...part, delta: text, logprobs: list(anything) }),
  "response.output_text.done": object({ ...part, text: hinted(text, joined), logprobs: list(anything) }),
  "response.refusal.delta": object({ ...part, delta: text }),
  "response.refusal.done": object({ ...part, refusal: hinted(text, joined) }),
  "response.reasoning_text.delta": object({ ...part, delta: text }),
  "response.reasoning_text.done": object({ ...part, text: hinted(text, joined) }),
  "response.reasoning_summary_part.added": object({ ...summary, part: anyObject }),
  "response.reasoning_summary_part.done": object({ ...summary, part: anyObject }),
  "response.reasoning_summary_text.delta": object({ ...summary, delta: text }),
  "response.reasoning_summary_text.done": object({ ...summary, text: hinted(text, joined) }),
  "response.function_call_arguments.delta": object({ ...place, delta: text }),
  "response.function_call_arguments.done": object({ ...place, arguments: hinted(text, joined), name: text }),
  error: object({ ...numbered, message: text, code: nullable(text), param: nullable(text) }),
});
