import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import OpenAI from "openai";
import { createTestModel } from "truss-ts/testing";
import { Model } from "../model/model.ts";

let model: Awaited<ReturnType<typeof createTestModel>>;
let openai: OpenAI;

before(async () => {
  model = await createTestModel(Model);
  openai = new OpenAI({ apiKey: "none", baseURL: `${model.url}/v1`, fetch: model.fetch, maxRetries: 0 });
});
after(() => model.close());

test("puts like next to like", async () => {
  const input = ["The cat sat on the mat.", "A kitten rests on the rug.", "Stocks fell on Monday."];
  const { data, usage } = await openai.embeddings.create({ model: "embeddings", input });
  const [cat = [], kitten = [], stocks = []] = data.map(({ embedding }) => embedding);
  assert.equal(cat.length, 512);
  assert.ok(likeness(cat, kitten) > likeness(cat, stocks) + 0.2);
  assert.ok(usage.prompt_tokens > 10);
});

test("floats and base64 are the same numbers", async () => {
  const input = "The cat sat on the mat.";
  const decoded = await openai.embeddings.create({ model: "embeddings", input });
  const floats = await openai.embeddings.create({ model: "embeddings", input, encoding_format: "float" });
  const pairs = decoded.data[0]?.embedding.map((value, index) => value - (floats.data[0]?.embedding[index] ?? 0)) ?? [];
  assert.equal(pairs.length, 512);
  assert.ok(pairs.every((difference) => Math.abs(difference) < 1e-6));
});

test("refuses another length of vector", async () => {
  const asked = openai.embeddings.create({ model: "embeddings", input: "cat", dimensions: 64 });
  await assert.rejects(asked, { status: 400, param: "dimensions" });
});

function likeness(left: number[], right: number[]): number {
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
  return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right));
}
