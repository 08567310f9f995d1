import { type Rule, type Tell, count, list, number, object, oneOf, text } from "./rule.ts";

/** Numbers, or their bytes in base64. */
const vector: Rule<readonly number[] | string> = (value, path, tell) => {
  if (typeof value !== "string") list(number)(value, path, tell);
};

/** The answer of `POST /v1/embeddings`. */
export const embeddings = object({
  object: oneOf("list"),
  model: text,
  data: list(object({ object: oneOf("embedding"), index: count, embedding: vector })),
  usage: object({ prompt_tokens: count, total_tokens: count }),
});

/** What hangs on the request: the coding that it asks for, and one vector for each input. */
export function checkVectors(input: Readonly<Record<string, unknown>>, answer: unknown, tell: Tell): void {
  const data = (answer as { data?: unknown } | null)?.data;
  if (!Array.isArray(data)) return;
  const base64 = input["encoding_format"] === "base64";
  data.forEach((item: { index?: unknown; embedding?: unknown } | null, index) => {
    const path = `data[${index}]`;
    if (typeof item?.index === "number" && item.index !== index) {
      tell({ path: `${path}.index`, problem: `must be ${index}, is ${item.index}`, hint: "the order is the input's" });
    }
    if (item?.embedding === undefined || (typeof item.embedding === "string") === base64) return;
    const hint = `the request has encoding_format ${base64 ? '"base64"' : '"float"'}: some versions of the openai package read zeros from the other; use toEmbeddings`;
    tell({ path: `${path}.embedding`, problem: base64 ? "must be base64" : "must be a list of numbers", hint });
  });
  const wanted = Array.isArray(input["input"]) && typeof input["input"][0] !== "number" ? input["input"].length : 1;
  if (data.length !== wanted)
    tell({ path: "data", problem: `must have one vector for each input, ${wanted}, has ${data.length}` });
}
