import type { FinishReason, GenerationPart, TokenLogprob } from "../generation.ts";
import { createCalls } from "./calls.ts";
import { countOf, type Fields, fieldsOf, listOf, textOf } from "./fields.ts";
import { readLogprobs } from "./logprobs.ts";
import type { ForeignReader } from "./types.ts";
import { openaiUsage } from "./usage.ts";

/**
 * Reads chat completions and text completions, whole ones and the chunks of streamed ones. Of several choices the
 * first is read.
 */
export function createChoicesReader(): ForeignReader<GenerationPart> {
  const calls = createCalls();
  let finished = false;

  const toolCalls = (list: unknown): GenerationPart[] =>
    listOf(list).flatMap((call, place) => {
      const { name, arguments: args } = fieldsOf(call["function"]);
      return calls.piece(countOf(call["index"]) ?? place, textOf(call["id"]), textOf(name), textOf(args));
    });

  return {
    read(item) {
      const choice = listOf(item["choices"]).find(({ index }) => (index ?? 0) === 0) ?? {};
      // A whole choice says in `message` what a streamed one says in `delta`.
      const said = fieldsOf(choice["delta"] ?? choice["message"]);
      const parts = [...readSaid(said, choice), ...toolCalls(said["tool_calls"])];
      if (typeof choice["finish_reason"] === "string") {
        finished = true;
        parts.push({ type: "finish", reason: toReason(choice["finish_reason"], calls.any()) });
      }
      parts.push(...openaiUsage(item["usage"]));
      return parts;
    },
    isFinished: () => finished,
  };
}

function readSaid(said: Fields, choice: Fields): GenerationPart[] {
  const parts: GenerationPart[] = [];
  // Servers differ in the name: OpenAI has none for it.
  const reasoning = textOf(said["reasoning_content"]) || textOf(said["reasoning"]);
  if (reasoning !== "") parts.push({ type: "reasoning", text: reasoning });
  const text = textOf(said["content"]) || textOf(choice["text"]);
  if (text !== "") parts.push({ type: "text", text, ...logprobsOf(choice["logprobs"]) });
  const refusal = textOf(said["refusal"]);
  if (refusal !== "") parts.push({ type: "refusal", text: refusal });
  return parts;
}

function logprobsOf(value: unknown): { logprobs?: TokenLogprob[] } {
  if (value === null || value === undefined) return {};
  const { content, tokens, token_logprobs, top_logprobs } = fieldsOf(value);
  const logprobs = Array.isArray(tokens) ? readColumns(tokens, token_logprobs, top_logprobs) : readLogprobs(content);
  return logprobs.length === 0 ? {} : { logprobs };
}

/** The older form: a list for each field. */
function readColumns(tokens: readonly unknown[], values: unknown, tops: unknown): TokenLogprob[] {
  const at = (list: unknown, index: number): unknown => (Array.isArray(list) ? list[index] : undefined);
  return tokens.flatMap((token, index) => {
    const logprob = at(values, index);
    if (typeof token !== "string" || typeof logprob !== "number") return [];
    const top = Object.entries(fieldsOf(at(tops, index))).flatMap(([name, value]) =>
      typeof value === "number" ? [{ token: name, logprob: value }] : [],
    );
    return [{ token, logprob, top_logprobs: top }];
  });
}

function toReason(reason: string, called: boolean): FinishReason {
  switch (reason) {
    case "length":
    case "content_filter":
      return reason;
    case "tool_calls":
    case "function_call":
      return "tool_calls";
    default:
      // OpenAI says `stop` after a call that the request forced.
      return called ? "tool_calls" : "stop";
  }
}
