/** What the warnings say of clients, asked of the clients themselves. */
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { toMessage, toResponse } from "../../../src/index.ts";
import type { EndpointMethod } from "../../../src/model/endpoints.ts";
import { endpoints } from "../../../src/model/endpoints.ts";
import { createInspector } from "../../../src/wire/check/inspector.ts";
import { createFramer } from "../../../src/wire/framer.ts";

type Item = Readonly<Record<string, unknown>>;

/** The stream as text, and the hints that came of it. */
function send(method: EndpointMethod, items: readonly Item[]): { text: string; hints: string[] } {
  const endpoint = endpoints.find((row) => row.method === method);
  if (endpoint === undefined) throw new Error(method);
  const hints: string[] = [];
  const inspect = createInspector(
    () => 1,
    ({ hint }) => hints.push(hint ?? ""),
  );
  const plain = createFramer(endpoint.framing, { requestId: "r", accept: null });
  const framer = inspect({ endpoint, input: { stream: true }, requestId: "r" })?.framer(plain) ?? plain;
  const text = items.map((item) => String(framer.frame(item))).join("") + framer.end();
  return { text, hints };
}

const answering = (text: string) => async () =>
  new Response(text, { headers: { "content-type": "text/event-stream" } });
const openai = (text: string) =>
  new OpenAI({ apiKey: "none", baseURL: "http://a.test", maxRetries: 0, fetch: answering(text) });
const anthropic = (text: string) =>
  new Anthropic({ apiKey: "none", baseURL: "http://a.test", maxRetries: 0, fetch: answering(text) });

async function collect(source: AsyncIterable<object>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of source) items.push({ ...item });
  return items;
}

describe("openai's stream() helper throws, as the warning says", () => {
  const chunk = (delta: object, finish_reason: string | null = null): Item => ({
    id: "c",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason }],
  });
  const first = chunk({ role: "assistant", content: "a" });

  it.each<[string, readonly Item[]]>([
    ["without a finish_reason", [first]],
    ["without a role", [chunk({ content: "a" }, "stop")]],
    ["without any choice", [{ ...first, choices: [] }]],
  ])("%s", async (_what, items) => {
    const { text, hints } = send("chat_completions", items);
    expect(hints.join()).toContain("openai's stream() helper");
    const client = openai(text);
    await expect(client.chat.completions.stream({ model: "m", messages: [] }).finalChatCompletion()).rejects.toThrow();
  });

  it("not of a right stream", async () => {
    const { text, hints } = send("chat_completions", [first, chunk({}, "stop")]);
    expect(hints).toEqual([]);
    const answer = await openai(text).chat.completions.stream({ model: "m", messages: [] }).finalChatCompletion();
    expect(answer.choices[0]?.message.content).toBe("a");
  });

  it.each(["response.created", "response.output_item.added"])("without %s", async (missing) => {
    const right = await collect(toResponse({ stream: true, model: "m" }, ["a"]));
    const items = right.filter(({ type }) => type !== missing).map((item, at) => ({ ...item, sequence_number: at }));
    const { text, hints } = send("responses", items);
    expect(hints.join()).toContain("openai's stream() helper throws");
    await expect(openai(text).responses.stream({ model: "m", input: "a" }).finalResponse()).rejects.toThrow();
  });
});

describe("the Anthropic SDK throws, as the warning says", () => {
  it.each<[string, (item: Item) => Item[]]>([
    [
      "without usage at the end",
      (item) => (item["type"] === "message_delta" ? [{ ...item, usage: undefined }] : [item]),
    ],
    ["without message_start", (item) => (item["type"] === "message_start" ? [] : [item])],
    ["without message_stop", (item) => (item["type"] === "message_stop" ? [] : [item])],
  ])("%s", async (_what, edit) => {
    const right = await collect(toMessage({ stream: true, model: "m" }, ["a"]));
    const { text, hints } = send("messages", right.flatMap(edit));
    expect(hints.join()).toContain("Anthropic SDK");
    const stream = anthropic(text).messages.stream({ model: "m", max_tokens: 1, messages: [] });
    await expect(stream.finalMessage()).rejects.toThrow();
  });
});
