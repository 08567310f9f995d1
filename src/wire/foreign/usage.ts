import type { UsagePart } from "../generation.ts";
import { countOf, type Fields, fieldsOf } from "./fields.ts";

/** OpenAI's counts, by the names of either of its APIs. */
export function openaiUsage(value: unknown): UsagePart[] {
  const usage = fieldsOf(value);
  return usagePart({
    input: countOf(usage["prompt_tokens"], usage["input_tokens"]),
    output: countOf(usage["completion_tokens"], usage["output_tokens"]),
    cached: detail(usage, ["prompt_tokens_details", "input_tokens_details"], "cached_tokens"),
    reasoning: detail(usage, ["completion_tokens_details", "output_tokens_details"], "reasoning_tokens"),
  });
}

export interface Counts {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cached: number | undefined;
  readonly reasoning: number | undefined;
}

/** Nothing where neither side was counted. */
export function usagePart({ input, output, cached, reasoning }: Counts): UsagePart[] {
  if (input === undefined && output === undefined) return [];
  return [
    {
      type: "usage",
      input_tokens: input ?? 0,
      output_tokens: output ?? 0,
      ...(cached === undefined ? {} : { cached_input_tokens: cached }),
      ...(reasoning === undefined ? {} : { reasoning_tokens: reasoning }),
    },
  ];
}

function detail(usage: Fields, names: readonly string[], field: string): number | undefined {
  return countOf(...names.map((name) => fieldsOf(usage[name])[field]));
}
