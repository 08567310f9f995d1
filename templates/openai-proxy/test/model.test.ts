import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { after, afterEach, before, test } from "node:test";
import OpenAI from "openai";
import { createTestModel } from "truss-ts/testing";
import { Model } from "../model/model.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

let upstream: Server;
let handle: Handler | undefined;
let model: Awaited<ReturnType<typeof createTestModel>>;
let openai: OpenAI;

const messages = [{ role: "user" as const, content: "Say hello." }];
const chunk = (content: string) => ({
  id: "c1",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
});

before(async () => {
  delete process.env["UPSTREAM_BASE_URL"];
  upstream = createServer((request, response) => handle?.(request, response)).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const address = upstream.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  model = await createTestModel(Model, {
    config: { model_metadata: { upstream_base_url: `http://127.0.0.1:${port}/v1` } },
    secrets: { UPSTREAM_API_KEY: "sk-upstream" },
  });
  openai = new OpenAI({ apiKey: "client", baseURL: `${model.url}/v1`, fetch: model.fetch, maxRetries: 0 });
});
afterEach(() => {
  handle = undefined;
});
after(async () => {
  await model.close();
  upstream.closeAllConnections();
  upstream.close();
});

test("passes the request on, with its own key, and the answer back", async () => {
  const seen: unknown[] = [];
  handle = async (request, response) => {
    seen.push(request.url, request.headers.authorization, await json(request));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ id: "c1", object: "chat.completion", choices: [], extra: { kept: true } }));
  };
  const answer = await openai.chat.completions.create({ model: "m", messages, seed: 7 });
  assert.deepEqual(seen, ["/v1/chat/completions", "Bearer sk-upstream", { model: "m", messages, seed: 7 }]);
  assert.deepEqual(Reflect.get(answer, "extra"), { kept: true });
});

test("passes chunks on as they come", async () => {
  let finish = () => {};
  handle = (_request, response) => {
    response.setHeader("content-type", "text/event-stream");
    response.write(`data: ${JSON.stringify(chunk("Hel"))}\n\n`);
    finish = () => response.end(`data: ${JSON.stringify(chunk("lo"))}\n\ndata: [DONE]\n\n`);
  };
  let text = "";
  for await (const part of await openai.chat.completions.create({ model: "m", messages, stream: true })) {
    text += part.choices[0]?.delta.content ?? "";
    // The upstream waits for us: had the first chunk not come through, this would never end.
    if (text === "Hel") finish();
  }
  assert.equal(text, "Hello");
});

test("an upstream error keeps its status, code and time to wait", async () => {
  handle = (_request, response) => {
    response.writeHead(429, { "content-type": "application/json", "retry-after": "7" });
    response.end(
      JSON.stringify({ error: { message: "Slow down", type: "requests", param: null, code: "rate_limit" } }),
    );
  };
  const response = await model.post("/v1/chat/completions", { model: "m", messages });
  assert.equal(response.status, 429);
  assert.equal(response.headers.get("retry-after"), "7");
  const body: unknown = await response.json();
  assert.deepEqual(body, { error: { message: "Slow down", type: "requests", param: null, code: "rate_limit" } });
});

test("a client that leaves ends the upstream's work", async () => {
  const left = new Promise<void>((resolve) => {
    handle = (_request, response) => {
      response.on("close", resolve);
      response.setHeader("content-type", "text/event-stream");
      response.write(`data: ${JSON.stringify(chunk("…"))}\n\n`);
    };
  });
  const leaving = new AbortController();
  const stream = await openai.chat.completions.create(
    { model: "m", messages, stream: true },
    { signal: leaving.signal },
  );
  for await (const _part of stream) leaving.abort();
  await left;
});

test("passes embeddings and completions on", async () => {
  const seen: (string | undefined)[] = [];
  handle = (request, response) => {
    seen.push(request.url);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ object: "list", data: [{ object: "embedding", index: 0, embedding: [1, 2] }] }));
  };
  const { data } = await openai.embeddings.create({ model: "m", input: "hi", encoding_format: "float" });
  assert.deepEqual(data[0]?.embedding, [1, 2]);
  await openai.completions.create({ model: "m", prompt: "hi" });
  assert.deepEqual(seen, ["/v1/embeddings", "/v1/completions"]);
});
