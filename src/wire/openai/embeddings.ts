import type { CreateEmbeddingResponse } from "openai/resources/embeddings";
import { HttpError } from "../../errors.ts";
import { estimateTokens } from "../estimate.ts";
import { fromUpstream } from "../foreign/upstream-error.ts";
import { type HelperOptions, modelName, requireObject } from "../input.ts";
import type { EmbeddingRequest } from "../requests.ts";
import { readVectors, type Vector, type Vectors } from "./vectors.ts";

/** What {@link toEmbeddings} reads of a request. */
export type EmbeddingInput = EmbeddingFields | EmbeddingRequest;

interface EmbeddingFields {
  readonly model?: string | null;
  /** A text or its tokens, or up to 2,048 of either. */
  readonly input: string | readonly string[] | readonly number[] | readonly (readonly number[])[];
  readonly encoding_format?: "float" | "base64" | null;
  readonly dimensions?: number | null;
}

export type { Vector } from "./vectors.ts";

/** One vector for each input, in the inputs' order, or what another server answered; or the function that makes them. */
export type VectorSource = Vectors | PromiseLike<Vectors> | ((texts: string[]) => Vectors | PromiseLike<Vectors>);

export interface EmbeddingOptions extends HelperOptions {
  /**
   * Tokens of the inputs.
   *
   * @default what the other server counted; else token arrays counted, texts estimated at a token for four characters
   */
  readonly usage?: { readonly prompt_tokens: number; readonly total_tokens?: number };
}

const maxInputs = 2048;

/**
 * Answers `POST /v1/embeddings` in the encoding that the client asked for: lists of numbers, or base64 of
 * little-endian float32, which is what the `openai` package asks for unless told otherwise.
 *
 * Takes vectors, or the answer of another server: the `openai` package's, or that of the `ai` package's `embedMany`.
 *
 * Answers with an error 400 for no input, an empty one, more than 2,048, for token arrays where a function of texts
 * makes the vectors, and for `dimensions` that the vectors do not have.
 *
 * @example
 * embeddings(input: EmbeddingRequest) {
 *   return toEmbeddings(input, (texts) => this.encoder.embed(texts));
 * }
 */
export async function toEmbeddings(
  input: EmbeddingInput,
  vectors: VectorSource,
  options: EmbeddingOptions = {},
): Promise<CreateEmbeddingResponse> {
  // Should the request be refused, nobody reads a promise of vectors: its failure must then not end the process.
  if (typeof vectors !== "function") Promise.resolve(vectors).catch(() => undefined);
  requireObject(input);
  const inputs = readInputs(input.input);
  const encode = encoderOf(input.encoding_format);
  const made = readVectors(await makeVectors(vectors, inputs));
  if (made.vectors.length !== inputs.length) {
    throw new Error(`${made.vectors.length} vectors were made of ${inputs.length} inputs`);
  }
  requireDimensions(made.vectors, input.dimensions);
  const tokens = options.usage?.prompt_tokens ?? made.tokens ?? countTokens(inputs);
  const data = Array.from(made.vectors, (vector, index) => ({ object: "embedding", index, embedding: encode(vector) }));
  return {
    object: "list",
    // The SDK's type knows the decoded form only.
    data: data as CreateEmbeddingResponse["data"],
    model: modelName(input, options),
    usage: { prompt_tokens: tokens, total_tokens: options.usage?.total_tokens ?? tokens },
  };
}

async function makeVectors(source: VectorSource, inputs: readonly Input[]): Promise<Vectors> {
  try {
    return await (typeof source === "function" ? source(requireTexts(inputs)) : source);
  } catch (error) {
    throw fromUpstream(error, "openai");
  }
}

function requireDimensions(vectors: readonly Vector[], wanted: number | null | undefined): void {
  const dimensions = vectors[0]?.length;
  if (typeof wanted !== "number" || wanted === dimensions) return;
  throw new HttpError(400, `This model makes vectors of ${dimensions} numbers`, { param: "dimensions" });
}

type Input = string | readonly number[];

function readInputs(input: unknown): Input[] {
  const inputs = isTokens(input) || !Array.isArray(input) ? [input] : input;
  if (inputs.length === 0) refuseInput("input must not be empty");
  if (inputs.length > maxInputs) refuseInput(`input must have at most ${maxInputs} items, not ${inputs.length}`);
  return inputs.map((item: unknown) => {
    if (typeof item !== "string" && !isTokens(item)) {
      refuseInput("input must be a string, an array of strings, or tokens as integers");
    }
    if (item.length === 0) refuseInput("input must not have an empty string");
    return item;
  });
}

function isTokens(item: unknown): item is readonly number[] {
  return Array.isArray(item) && item.length > 0 && item.every((token) => Number.isInteger(token));
}

function requireTexts(inputs: readonly Input[]): string[] {
  return inputs.map((item) => {
    if (typeof item !== "string") refuseInput("this model takes texts, not tokens");
    return item;
  });
}

function refuseInput(message: string): never {
  throw new HttpError(400, message, { param: "input" });
}

function countTokens(inputs: readonly Input[]): number {
  return inputs.reduce((sum, item) => sum + (typeof item === "string" ? estimateTokens(item.length) : item.length), 0);
}

function encoderOf(format: unknown): (vector: Vector) => number[] | string {
  if (format === undefined || format === null || format === "float") return toNumbers;
  if (format === "base64") return toBase64;
  throw new HttpError(400, "encoding_format must be float or base64", { param: "encoding_format" });
}

function toNumbers(vector: Vector): number[] {
  return Array.from(vector, requireFinite);
}

function toBase64(vector: Vector): string {
  const view = new DataView(new ArrayBuffer(vector.length * 4));
  vector.forEach((value: number, index: number) => view.setFloat32(index * 4, requireFinite(value), true));
  return Buffer.from(view.buffer).toString("base64");
}

/** JSON would turn these into null, base64 into infinity, and a search index would be spoilt in silence. */
function requireFinite(value: number): number {
  if (!Number.isFinite(value) || !Number.isFinite(Math.fround(value))) {
    throw new Error(`an embedding holds ${String(value)}, which is not a number of 32 bits`);
  }
  // JSON has no zero below zero, and both encodings say the same.
  return value === 0 ? 0 : value;
}
