import type * as LangChain from "@langchain/openai";
import type * as Ai from "ai";
import type * as Sdk from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningModel, thrownBy } from "../contract/clients/start.ts";
import { aiMajors } from "./adapters/ai.ts";
import { absent, startMatrix } from "./cases.ts";
import { load } from "./client.ts";

interface Embedder {
  readonly name: string;
  /** What comes over the wire has single precision. */
  readonly coded: boolean;
  embed(base: string, model: string, texts: string[]): Promise<number[][]>;
}

const embedders: readonly Embedder[] = [
  ...["openai-6", "openai-7"].flatMap((alias) => [openai(alias, true), openai(alias, false)]),
  ...aiMajors.map(({ ai, compatible }) => aiEmbedder(ai, compatible)),
  ...["@langchain/openai-1.5", "@langchain/openai-1.6"].map(langchain),
];

describe.skipIf(absent)("embeddings", () => {
  let model: RunningModel | undefined;
  beforeAll(async () => void (model = await startMatrix("serve")));
  afterAll(() => model?.close());
  const ask = (embedder: Embedder, name: string) => {
    if (model === undefined) throw new Error("the model is not running");
    return Promise.all(Object.values(model.bases).map((base) => embedder.embed(base, name, ["a", "four"])));
  };

  it.each(embedders.map((embedder) => [embedder.name, embedder] as const))("%s", async (_, embedder) => {
    const rest = [Math.PI, -0.1].map((value) => (embedder.coded ? Math.fround(value) : value));
    const expected = [
      [1, ...rest],
      [4, ...rest],
    ];
    expect(await ask(embedder, "m")).toEqual([expected, expected]);
  });

  it.each(embedders.map((embedder) => [embedder.name, embedder] as const))("an error: %s", async (_, embedder) => {
    const error = await thrownBy(() => ask(embedder, "status-404"));
    expect(error["status"] ?? error["statusCode"]).toBe(404);
    expect(error.message).toContain("Refused with 404");
  });
});

function openai(alias: string, coded: boolean): Embedder {
  return {
    name: `${alias.replace("-", " ")}, ${coded ? "in its own coding" : "in numbers"}`,
    coded,
    async embed(base, model, input) {
      const { default: Client } = await load<typeof Sdk>(alias);
      const client = new Client({ baseURL: `${base}/v1`, apiKey: "key", maxRetries: 0 });
      const { data } = await client.embeddings.create({
        model,
        input,
        ...(coded ? {} : { encoding_format: "float" as const }),
      });
      return data.map(({ embedding }) => Array.from(embedding));
    },
  };
}

function aiEmbedder(alias: string, provider: string): Embedder {
  return {
    name: `${alias.replace("-", " ")} with openai-compatible`,
    coded: false,
    async embed(base, name, values) {
      const { embedMany } = await load<typeof Ai>(alias);
      const { createOpenAICompatible } = await load<{
        createOpenAICompatible(options: object): { embeddingModel(id: string): Ai.EmbeddingModel };
      }>(provider);
      const model = createOpenAICompatible({ name: "truss", baseURL: `${base}/v1`, apiKey: "key" }).embeddingModel(
        name,
      );
      return (await embedMany({ model, values, maxRetries: 0 })).embeddings;
    },
  };
}

function langchain(alias: string): Embedder {
  return {
    name: `@langchain/openai ${alias.split("-").at(-1)}`,
    coded: true,
    async embed(base, model, texts) {
      const { OpenAIEmbeddings } = await load<typeof LangChain>(alias);
      const configuration = { baseURL: `${base}/v1` };
      return new OpenAIEmbeddings({ model, apiKey: "key", maxRetries: 0, configuration }).embedDocuments(texts);
    },
  };
}
