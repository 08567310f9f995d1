import type { Completion, CompletionChoice } from "openai/resources/completions";
import { estimateTokens, promptLength } from "../estimate.ts";
import type { FinishReason, GenerationPart, TokenLogprob } from "../generation.ts";
import type { Encoder } from "../translate.ts";
import { createUsageSum } from "../usage-sum.ts";
import type { CompletionChunk, CompletionInput } from "./completions.ts";
import { completionLogprobs, type Wanted } from "./logprobs.ts";
import { toUsage, wantsUsage } from "./usage.ts";

type Head = Pick<Completion, "id" | "created" | "model">;

/** The pieces of a text completion, of each of its answers, and the whole that they add up to. */
export function createCompletionEncoder(
  input: CompletionInput,
  head: Head,
  count: number,
): Encoder<CompletionChunk> & { whole(): Completion } {
  const withUsage = wantsUsage(input);
  const wanted = typeof input.logprobs === "number" ? input.logprobs : undefined;
  const choices = Array.from({ length: count }, (_, index) => createChoice(index, wanted));
  const usage = createUsageSum();

  const { id, created, model } = head;
  const chunk = (list: CompletionChunk["choices"]): CompletionChunk => {
    const fields: CompletionChunk = { id, object: "text_completion", created, model, choices: list };
    return withUsage ? { ...fields, usage: null } : fields;
  };
  const push = (part: GenerationPart, index: number): CompletionChunk[] => {
    const choice = choices[index];
    switch (part.type) {
      case "text":
      case "refusal": {
        const piece = choice?.append(part.text, part.type === "text" ? part.logprobs : undefined);
        if (part.type === "refusal") choice?.finish("content_filter");
        return piece === undefined ? [] : [chunk([piece])];
      }
      case "usage":
        usage.note(part, index);
        return [];
      case "finish":
        choice?.finish(part.reason);
        return [];
      case "reasoning":
        return [];
      case "tool_call":
        throw new TypeError("a text completion cannot hold a tool call");
    }
  };
  const estimate = () => ({
    input_tokens: estimateTokens(promptLength(input.prompt)),
    output_tokens: estimateTokens(choices.reduce((sum, choice) => sum + choice.length(), 0)),
  });

  return {
    start: () => [],
    push,
    finish() {
      const ends = choices.map((choice) => chunk([choice.end()]));
      return withUsage ? [...ends, { ...chunk([]), usage: toUsage(usage.total() ?? estimate()) }] : ends;
    },
    whole() {
      const total = usage.total();
      return {
        id,
        object: "text_completion",
        created,
        model,
        choices: choices.map((choice) => choice.whole()),
        ...(total === undefined ? {} : { usage: toUsage(total) }),
      };
    },
  };
}

function createChoice(index: number, wanted: Wanted) {
  const texts: string[] = [];
  const tokens: TokenLogprob[] = [];
  let length = 0;
  let reason: CompletionChoice["finish_reason"] = "stop";
  let refused = false;

  return {
    length: () => length,
    append(text: string, logprobs: readonly TokenLogprob[] = []): CompletionChunk["choices"][number] | undefined {
      if (text === "") return undefined;
      const offset = length;
      texts.push(text);
      tokens.push(...logprobs);
      length += text.length;
      return { text, index, logprobs: completionLogprobs(logprobs, wanted, offset), finish_reason: null };
    },
    finish(told: FinishReason) {
      refused ||= told === "content_filter";
      if (refused) reason = "content_filter";
      else reason = told === "length" ? "length" : "stop";
    },
    end: () => ({ text: "", index, logprobs: null, finish_reason: reason }),
    whole: () => ({
      text: texts.join(""),
      index,
      logprobs: completionLogprobs(tokens, wanted, 0),
      finish_reason: reason,
    }),
  };
}
