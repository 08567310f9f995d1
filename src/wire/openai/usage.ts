import type { CompletionUsage } from "openai/resources/completions";
import type { UsagePart } from "../generation.ts";

/** Whether the client asked for a last chunk with the totals. */
export function wantsUsage(input: { readonly stream_options?: { readonly include_usage?: boolean } | null }): boolean {
  return input.stream_options?.include_usage === true;
}

export function toUsage(usage: Omit<UsagePart, "type">): CompletionUsage {
  const { cached_input_tokens: cached, reasoning_tokens: reasoning } = usage;
  return {
    prompt_tokens: usage.input_tokens,
    completion_tokens: usage.output_tokens,
    total_tokens: usage.input_tokens + usage.output_tokens,
    ...(cached === undefined ? {} : { prompt_tokens_details: { cached_tokens: cached } }),
    ...(reasoning === undefined ? {} : { completion_tokens_details: { reasoning_tokens: reasoning } }),
  };
}
