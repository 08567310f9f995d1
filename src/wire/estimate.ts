/**
 * Tokens in a text, where nobody counted them: one for each four characters begun. Right to within a factor of two
 * for most languages and tokenizers.
 */
export function estimateTokens(characters: number): number {
  return Math.ceil(characters / 4);
}

/** Characters of the texts in a request's prompt. Images and other data, which are no text, do not count. */
export function promptLength(value: unknown, depth = 0): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null || depth > maxDepth) return 0;
  const texts = Array.isArray(value)
    ? value
    : Object.entries(value).flatMap(([key, item]) => (textKeys.has(key) ? [item] : []));
  return texts.reduce((sum: number, item) => sum + promptLength(item, depth + 1), 0);
}

/** Deeper than any real prompt, and shallow enough for the stack. */
const maxDepth = 32;

/** Where prompts keep their texts: messages of all families, tools and their results. */
const textKeys = new Set([
  "content",
  "text",
  "arguments",
  "output",
  "thinking",
  "function",
  "name",
  "description",
  "parameters",
  "input_schema",
  "properties",
]);
