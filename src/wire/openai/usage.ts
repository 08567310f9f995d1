import type { CompletionUsage } from "openai/resources/completions";
import type { UsagePart } from "../generation.ts";

/** Whether the client asked for a last chunk with the totals. */
export function wantsUsage(input: { readonly stream_options?: { readonly include_usage?: boolean } | null }): boolean {
  return input.stream_options?.include_usage === true;
}

export function toUsage(usage: Pick<UsagePart, "input_tokens" | "output_tokens">): CompletionUsage {
  return {
    prompt_tokens: usage.input_tokens,
    completion_tokens: usage.output_tokens,
    total_tokens: usage.input_tokens + usage.output_tokens,
  };
}
