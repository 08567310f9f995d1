import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import OpenAI from "openai";
import { createTestModel } from "truss-ts/testing";
import { Model } from "../model/model.ts";

let model: Awaited<ReturnType<typeof createTestModel>>;
let openai: OpenAI;

const prompt = "Of Man's first disobedience";

before(async () => {
  model = await createTestModel(Model);
  openai = new OpenAI({ apiKey: "none", baseURL: `${model.url}/v1`, fetch: model.fetch, maxRetries: 0 });
});
after(() => model.close());

test("continues the prompt, whole and streamed alike", async () => {
  const wishes = { model: "completions", prompt, max_tokens: 30 };
  const whole = await openai.completions.create(wishes);
  const choice = whole.choices[0];
  assert.equal(choice?.finish_reason, "length");
  assert.equal(whole.usage?.completion_tokens, 30);

  let streamed = "";
  for await (const chunk of await openai.completions.create({ ...wishes, stream: true })) {
    streamed += chunk.choices[0]?.text ?? "";
  }
  assert.equal(streamed, choice?.text);
});

test("keeps to stop, seed and echo", async () => {
  const ask = async (wishes: object) => {
    const answer = await openai.completions.create({ model: "completions", prompt, max_tokens: 40, ...wishes });
    return { text: answer.choices[0]?.text ?? "", reason: answer.choices[0]?.finish_reason };
  };
  const { text } = await ask({ seed: 7 });
  assert.equal((await ask({ seed: 7 })).text, text);
  assert.notEqual((await ask({ seed: 8 })).text, text);
  assert.equal((await ask({ seed: 7, echo: true })).text, prompt + text);
  const stop = text.slice(30, 40);
  assert.deepEqual(await ask({ seed: 7, stop }), { text: text.slice(0, text.indexOf(stop)), reason: "stop" });
});

test("refuses what it cannot do", async () => {
  const asked = openai.completions.create({ model: "completions", prompt: ["one", "two"] });
  await assert.rejects(asked, { status: 400, param: "prompt" });
});
