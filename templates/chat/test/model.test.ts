import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { createTestModel } from "truss-ts/testing";
import { Model } from "../model/model.ts";

let model: Awaited<ReturnType<typeof createTestModel>>;
let openai: OpenAI;
let anthropic: Anthropic;

const messages = [{ role: "user" as const, content: "Tell me about the Queen." }];

before(async () => {
  model = await createTestModel(Model);
  const settings = { apiKey: "none", fetch: model.fetch, maxRetries: 0 };
  openai = new OpenAI({ ...settings, baseURL: `${model.url}/v1` });
  anthropic = new Anthropic({ ...settings, baseURL: model.url });
});
after(() => model.close());

test("answers the OpenAI SDK, whole and streamed alike", async () => {
  const whole = await openai.chat.completions.create({ model: "chat", messages });
  const text = whole.choices[0]?.message.content ?? "";
  assert.match(text, /Queen/);
  assert.equal(whole.choices[0]?.finish_reason, "stop");
  assert.ok((whole.usage?.completion_tokens ?? 0) > 10);

  const pieces: string[] = [];
  const stream = await openai.chat.completions.create({ model: "chat", messages, stream: true });
  for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta.content ?? "");
  assert.ok(pieces.length > 10);
  assert.equal(pieces.join(""), text);
});

test("answers the Anthropic SDK", async () => {
  const stream = anthropic.messages.stream({ model: "chat", max_tokens: 200, messages });
  assert.match(await stream.finalText(), /Queen/);
  const { stop_reason, usage } = await stream.finalMessage();
  assert.equal(stop_reason, "end_turn");
  assert.ok(usage.output_tokens > 10);
});

test("answers the Responses API", async () => {
  const response = await openai.responses.create({ model: "chat", input: "Tell me about the Queen." });
  assert.match(response.output_text, /Queen/);
});

test("keeps to max_tokens, stop and seed", async () => {
  const ask = async (wishes: object) => {
    const answer = await openai.chat.completions.create({ model: "chat", messages, ...wishes });
    return { text: answer.choices[0]?.message.content ?? "", reason: answer.choices[0]?.finish_reason };
  };
  assert.equal((await ask({ max_tokens: 5 })).reason, "length");
  const { text } = await ask({ seed: 7 });
  assert.equal((await ask({ seed: 7 })).text, text);
  assert.notEqual((await ask({ seed: 8 })).text, text);
  const stop = text.slice(20, 28);
  assert.deepEqual(await ask({ seed: 7, stop: [stop] }), { text: text.slice(0, text.indexOf(stop)), reason: "stop" });
});

test("gives several answers, each another, and counts them all", async () => {
  const { choices, usage } = await openai.chat.completions.create({ model: "chat", messages, n: 2, max_tokens: 5 });
  assert.equal(new Set(choices.map(({ message }) => message.content)).size, 2);
  assert.equal(usage?.completion_tokens, 10);
});

test("ends when the client goes away", async () => {
  const leaving = new AbortController();
  const stream = await openai.chat.completions.create(
    { model: "chat", messages, stream: true, max_tokens: 100_000 },
    { signal: leaving.signal },
  );
  let chunks = 0;
  for await (const _chunk of stream) {
    chunks += 1;
    if (chunks === 3) leaving.abort();
  }
  assert.ok(chunks < 20);
});

test("tells a client what is missing", async () => {
  for (const path of ["/v1/chat/completions", "/v1/messages", "/v1/responses"]) {
    assert.equal((await model.post(path, { model: "chat" })).status, 400, path);
  }
  assert.equal((await model.post("/v1/chat/completions", { model: "chat", messages: "hi" })).status, 400);
});
