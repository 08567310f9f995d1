import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { createTestModel } from "truss-ts/testing";
import { Model } from "../model/model.ts";

let model: Awaited<ReturnType<typeof createTestModel>>;
let anthropic: Anthropic;

before(async () => {
  model = await createTestModel(Model);
  anthropic = new Anthropic({ apiKey: "none", baseURL: model.url, fetch: model.fetch, maxRetries: 0 });
});
after(() => model.close());

test("answers to what was said, whole and streamed alike", async () => {
  const wishes = {
    model: "anthropic",
    max_tokens: 100,
    messages: [{ role: "user" as const, content: "I need my holiday." }],
  };
  const message = await anthropic.messages.create(wishes);
  const text = message.content[0]?.type === "text" ? message.content[0].text : "";
  assert.match(text, /your holiday/);
  assert.equal(message.stop_reason, "end_turn");
  assert.equal(message.usage.output_tokens, text.split(" ").length);
  assert.equal(await anthropic.messages.stream(wishes).finalText(), text);
});

test("does not say the same twice", async () => {
  const first = { role: "user" as const, content: "I need sleep." };
  const between = { role: "assistant" as const, content: "…" };
  const ask = async (...messages: Anthropic.MessageParam[]) =>
    anthropic.messages.stream({ model: "anthropic", max_tokens: 100, messages }).finalText();
  assert.notEqual(await ask(first), await ask(first, between, first));
});

test("keeps to max_tokens", async () => {
  const messages = [{ role: "user" as const, content: "I need my holiday." }];
  const message = await anthropic.messages.create({ model: "anthropic", max_tokens: 2, messages });
  assert.equal(message.stop_reason, "max_tokens");
});

test("tells a client what is missing", async () => {
  assert.equal((await model.post("/v1/messages", { model: "anthropic", max_tokens: 5 })).status, 400);
});
