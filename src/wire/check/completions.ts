import { usage } from "./chat.ts";
import { anything, count, hinted, list, nullable, number, object, oneOf, optional, text } from "./rule.ts";

const finishReason = oneOf("stop", "length", "content_filter");

const common = { id: text, object: oneOf("text_completion"), created: number, model: text };
const choice = { index: count, text, logprobs: nullable(anything) };

/** The whole answer of `POST /v1/completions`. */
export const completion = object({
  ...common,
  choices: list(object({ ...choice, finish_reason: finishReason })),
  usage: optional(nullable(usage)),
});

/** One `data:` of its stream, where the SDK's type is that of the whole. */
export const completionChunk = object({
  ...common,
  choices: list(
    object({ ...choice, finish_reason: hinted(nullable(finishReason), "it is null until the last chunk") }),
  ),
  usage: optional(nullable(usage)),
});
