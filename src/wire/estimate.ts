/**
 * Tokens in a text, where nobody counted them: one for each four bytes of UTF-8 begun, which is four letters of English
 * and one or two of Chinese. Right to within a factor of two for most languages and tokenizers.
 */
export function estimateTokens(bytes: number): number {
  return Math.ceil(bytes / 4);
}

/**
 * Length of a request's prompt in bytes: its texts, its tools with their schemas, and for images and files what they
 * take in tokens.
 */
export function promptLength(value: unknown, depth = 0): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value !== "object" || value === null || depth > maxDepth) return 0;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + promptLength(item, depth + 1), 0);
  const fields = value as Readonly<Record<string, unknown>>;
  let sum = dataLength(fields["type"]);
  for (const [key, item] of Object.entries(fields)) {
    if (textKeys.has(key)) sum += promptLength(item, depth + 1);
    else if (schemaKeys.has(key)) sum += schemaLength(item);
    else if (key === "source") sum += plainLength(item);
  }
  return sum;
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
  "tool_calls",
]);

/** Read by models as JSON. */
const schemaKeys = new Set(["parameters", "input_schema", "input"]);

function schemaLength(value: unknown): number {
  if (typeof value !== "object" || value === null) return typeof value === "string" ? Buffer.byteLength(value) : 0;
  try {
    return Buffer.byteLength(JSON.stringify(value));
  } catch {
    return 0;
  }
}

/** A document may hold its text itself. */
function plainLength(source: unknown): number {
  const { type, data } = (source ?? {}) as { readonly type?: unknown; readonly data?: unknown };
  return type === "text" && typeof data === "string" ? Buffer.byteLength(data) : 0;
}

/** A large image is some 1,600 tokens, a page of a document as much; how many pages it has is not looked for. */
function dataLength(type: unknown): number {
  return typeof type === "string" && dataTypes.has(type) ? 6_400 : 0;
}

const dataTypes = new Set(["image", "image_url", "input_image", "document", "file", "input_file"]);
