import type { UsagePart } from "./generation.ts";

/** What all generations of a request have used: they read one prompt, and each writes its own answer. */
export function createUsageSum() {
  const counted = new Map<number, UsagePart>();
  const known = (field: keyof UsagePart) =>
    [...counted.values()].map((usage) => usage[field]).filter((count) => typeof count === "number");
  return {
    note: (usage: UsagePart, choice: number) => void counted.set(choice, usage),
    /** `undefined` where none was counted. */
    total(): UsagePart | undefined {
      if (counted.size === 0) return undefined;
      const cached = known("cached_input_tokens");
      const reasoning = known("reasoning_tokens");
      return {
        type: "usage",
        input_tokens: Math.max(...known("input_tokens")),
        output_tokens: sum(known("output_tokens")),
        ...(cached.length === 0 ? {} : { cached_input_tokens: Math.max(...cached) }),
        ...(reasoning.length === 0 ? {} : { reasoning_tokens: sum(reasoning) }),
      };
    },
  };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
