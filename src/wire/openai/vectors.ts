import type { CreateEmbeddingResponse } from "openai/resources/embeddings";
import { countOf, fieldsOf, listOf } from "../foreign/fields.ts";

export type Vector = readonly number[] | Float32Array;

/** Vectors, or the whole answer of the `openai` package, or that of the `ai` package's `embedMany`. */
export type Vectors =
  | readonly Vector[]
  | CreateEmbeddingResponse
  | { readonly embeddings: readonly Vector[]; readonly usage?: { readonly tokens: number } };

export interface ReadVectors {
  readonly vectors: readonly Vector[];
  /** What the other server counted. */
  readonly tokens: number | undefined;
}

/** Told by shape, in the order of their inputs. */
export function readVectors(made: Vectors): ReadVectors {
  if (Array.isArray(made)) return { vectors: made as readonly Vector[], tokens: undefined };
  const { data, embeddings, usage } = fieldsOf(made);
  const tokens = countOf(fieldsOf(usage)["prompt_tokens"], fieldsOf(usage)["tokens"]);
  if (Array.isArray(embeddings)) return { vectors: embeddings as readonly Vector[], tokens };
  if (!Array.isArray(data)) throw new TypeError("vectors are a list of lists of numbers, or the answer of a server");
  const sorted = [...listOf(data)].sort((one, two) => (countOf(one["index"]) ?? 0) - (countOf(two["index"]) ?? 0));
  return { vectors: sorted.map(({ embedding }) => toVector(embedding)), tokens };
}

function toVector(embedding: unknown): Vector {
  if (typeof embedding !== "string") return embedding as Vector;
  const bytes = new Uint8Array(Buffer.from(embedding, "base64"));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => view.getFloat32(index * 4, true));
}
