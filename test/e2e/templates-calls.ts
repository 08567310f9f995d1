import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createParser } from "eventsource-parser";
import { expect } from "vitest";

/** What is asked of a served template, with `fetch` and nothing else, and what must come back. */
export interface TemplateCall {
  readonly endpoints: readonly string[];
  /** Starts what the template needs around it, and gives the variables that it is started with. */
  readonly surround?: () => Promise<{ env: Record<string, string>; close: () => void }>;
  readonly call: (url: string, dir: string) => Promise<void>;
}

const conversation = [{ role: "user", content: "Tell me about the Queen." }];

export const templateCalls: Readonly<Record<string, TemplateCall>> = {
  chat: {
    endpoints: ["chat_completions", "responses", "messages"],
    async call(url) {
      const body = { model: "chat", messages: conversation, max_tokens: 200 };
      const chunks = await stream(`${url}/v1/chat/completions`, { ...body, stream: true });
      expect(chunks.at(-1)?.data).toBe("[DONE]");
      const deltas = chunks.slice(0, -1).map(({ data }) => JSON.parse(data).choices[0]?.delta?.content ?? "");
      expect(deltas.filter(Boolean).length).toBeGreaterThan(10);
      const text = deltas.join("");
      expect(text).toContain("Queen");
      const whole = await ask(`${url}/environments/production/sync/v1/chat/completions`, body);
      expect(whole).toMatchObject({ choices: [{ message: { role: "assistant", content: text } }] });
      expect(await ask(`${url}/v1/messages`, body)).toMatchObject({ content: [{ type: "text", text }] });
      const events = await stream(`${url}/v1/responses`, { model: "chat", input: conversation, stream: true });
      expect(events.map(({ event }) => event)).toContain("response.output_text.delta");
      expect(events.at(-1)?.event).toBe("response.completed");
    },
  },
  minimal: {
    endpoints: ["predict"],
    async call(url) {
      expect(await ask(`${url}/predict`, { prompt: "Ada" })).toEqual({ output: "Hello, Ada!" });
    },
  },
  completions: {
    endpoints: ["completions"],
    async call(url) {
      const body = { model: "completions", prompt: "Of Man's first disobedience", max_tokens: 20 };
      const chunks = await stream(`${url}/v1/completions`, { ...body, stream: true });
      expect(chunks.at(-1)?.data).toBe("[DONE]");
      const text = chunks
        .slice(0, -1)
        .map(({ data }) => JSON.parse(data).choices[0]?.text ?? "")
        .join("");
      expect(await ask(`${url}/v1/completions`, body)).toMatchObject({ choices: [{ text, finish_reason: "length" }] });
    },
  },
  embeddings: {
    endpoints: ["embeddings"],
    async call(url) {
      const answer = await ask(`${url}/v1/embeddings`, { model: "embeddings", input: ["a cat", "a kitten"] });
      expect(answer).toMatchObject({ object: "list", data: [{ index: 0 }, { index: 1 }] });
      expect(Reflect.get(Object(answer), "data")[1].embedding).toHaveLength(512);
    },
  },
  anthropic: {
    endpoints: ["messages"],
    async call(url) {
      const messages = [{ role: "user", content: "I need my holiday." }];
      const body = { model: "anthropic", max_tokens: 100, messages };
      const events = await stream(`${url}/v1/messages`, { ...body, stream: true });
      expect(events[0]?.event).toBe("message_start");
      expect(events.at(-1)?.event).toBe("message_stop");
      const text = events.map(({ data }) => JSON.parse(data).delta?.text ?? "").join("");
      expect(text).toContain("your holiday");
      expect(await ask(`${url}/v1/messages`, body)).toMatchObject({ content: [{ type: "text", text }] });
    },
  },
  "openai-proxy": {
    endpoints: ["chat_completions", "completions", "embeddings"],
    surround: startUpstream,
    async call(url) {
      const body = { model: "any", messages: conversation };
      expect(await ask(`${url}/v1/chat/completions`, body)).toMatchObject({ id: "upstream", key: "Bearer sk-test" });
      const chunks = await stream(`${url}/v1/chat/completions`, { ...body, stream: true });
      expect(chunks.map(({ data }) => data)).toEqual([
        JSON.stringify({ id: "one" }),
        JSON.stringify({ id: "two" }),
        "[DONE]",
      ]);
    },
  },
  ocr: {
    endpoints: ["predict"],
    async call(url, dir) {
      const image = readFileSync(join(dir, "test/invoice.png"));
      const form = new FormData();
      form.set("image", new Blob([image], { type: "image/png" }), "invoice.png");
      const uploaded = await fetch(`${url}/predict`, { method: "POST", body: form });
      expect(await uploaded.json()).toMatchObject({ text: expect.stringContaining("Invoice 2041") });
      const encoded = await ask(`${url}/predict`, { image: image.toString("base64") });
      expect(encoded).toMatchObject({ text: expect.stringContaining("1284 EUR") });
    },
  },
};

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

async function ask(url: string, body: unknown): Promise<unknown> {
  const response = await post(url, body);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text);
}

async function stream(url: string, body: unknown): Promise<{ event: string | undefined; data: string }[]> {
  const response = await post(url, body);
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const events: { event: string | undefined; data: string }[] = [];
  createParser({ onEvent: ({ event, data }) => events.push({ event, data }) }).feed(await response.text());
  return events;
}

/** An OpenAI-compatible server that tells which key it was given. */
async function startUpstream() {
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (bytes: Buffer) => (text += bytes.toString()));
    request.on("end", () => {
      const streamed = JSON.parse(text).stream === true;
      response.setHeader("content-type", streamed ? "text/event-stream" : "application/json");
      if (!streamed) return response.end(JSON.stringify({ id: "upstream", key: request.headers.authorization }));
      for (const id of ["one", "two"]) response.write(`data: ${JSON.stringify({ id })}\n\n`);
      return response.end("data: [DONE]\n\n");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    env: { UPSTREAM_BASE_URL: `http://127.0.0.1:${port}/v1`, TRUSS_SECRET_UPSTREAM_API_KEY: "sk-test" },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
