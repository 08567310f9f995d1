import { describe, expect, it } from "vitest";
import { type EndpointMethod, endpoints } from "../../../src/model/endpoints.ts";
import {
  type GenerationPart,
  toChatCompletion,
  toCompletion,
  toEmbeddings,
  toMessage,
  toResponse,
} from "../../../src/index.ts";
import { type WireWarning, createInspector } from "../../../src/wire/check/inspector.ts";
import { createFramer } from "../../../src/wire/framer.ts";

interface Look {
  readonly input?: object;
  readonly value?: unknown;
  readonly items?: readonly unknown[];
  readonly response?: Response;
}

function endpointOf(method: EndpointMethod) {
  const endpoint = endpoints.find((row) => row.method === method);
  if (endpoint === undefined) throw new Error(`no endpoint ${method}`);
  return endpoint;
}

/** What is told of one answer, as it would go out. */
async function warningsOf(method: EndpointMethod, { input, value, items, response }: Look): Promise<WireWarning[]> {
  const warnings: WireWarning[] = [];
  const inspect = createInspector(
    () => 1,
    (warning) => warnings.push(warning),
  );
  const endpoint = endpointOf(method);
  const asked = input ?? (items === undefined ? {} : { stream: true });
  const inspection = inspect({ endpoint, input: asked, requestId: "r" });
  if (value !== undefined) inspection?.value(value);
  if (items !== undefined) {
    const framer = createFramer(endpoint.framing, { requestId: "r", accept: null });
    const watched = inspection?.framer(framer) ?? framer;
    for (const item of items) watched.frame(item);
    watched.end();
  }
  if (response !== undefined) {
    const tap = inspection?.response(response);
    for await (const chunk of response.body ?? []) tap?.chunk(chunk as Uint8Array);
    tap?.end();
  }
  return warnings;
}

async function placesOf(method: EndpointMethod, look: Look): Promise<string[]> {
  return (await warningsOf(method, look)).map(({ path, problem }) => `${path}: ${problem}`);
}

const chunk = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" };
const choice = (delta: object, finish_reason: string | null = null) => ({
  ...chunk,
  choices: [{ index: 0, delta, finish_reason }],
});
const first = choice({ role: "assistant", content: "" });
const last = choice({}, "stop");

describe("chat completions", () => {
  it.each<[string, Look, readonly string[]]>([
    ["a right stream", { items: [first, choice({ content: "a" }), last] }, []],
    [
      "a right stream by hand",
      { items: [`data: ${JSON.stringify(first)}\r\n\r\nda`, `ta: ${JSON.stringify(last)}\n\n`] },
      [],
    ],
    [
      "no finish_reason",
      { items: [first, choice({ content: "a" })] },
      ["choices[].finish_reason: is missing in the last chunk"],
    ],
    ["no role", { items: [choice({ content: "a" }), last] }, ["choices[0].delta.role: is missing in the first chunk"]],
    [
      "a number as content",
      { items: [first, choice({ content: 4 }), last] },
      ["choices[0].delta.content: must be a string, is 4"],
    ],
    [
      "no delta",
      { items: [first, { ...chunk, choices: [{ index: 0, message: {}, finish_reason: "stop" }] }] },
      ["choices[0].delta: is missing"],
    ],
    [
      "an odd reason",
      { items: [first, choice({}, "done")] },
      [
        'choices[0].finish_reason: must be one of "stop", "length", "tool_calls", "content_filter", "function_call", is "done"',
      ],
    ],
    ["changing ids", { items: [first, { ...last, id: "d" }] }, ["id: must be the same in every chunk"]],
    [
      "usage that nobody asked for",
      { items: [first, last, { ...chunk, choices: [] }] },
      ["choices: must not be empty"],
    ],
    [
      "usage that is missing",
      { input: { stream: true, stream_options: { include_usage: true } }, items: [first, last] },
      ["usage: is missing: a chunk with it must come last"],
    ],
    [
      "a call without its name",
      { items: [first, choice({ tool_calls: [{ index: 0, id: "t", type: "function", function: {} }] }), last] },
      ["choices[0].delta.tool_calls[0].function.name: is missing in the first piece of a call"],
    ],
    [
      "a call without its index",
      { items: [first, choice({ tool_calls: [{ id: "t" }] }), last] },
      ["choices[0].delta.tool_calls[0].index: is missing"],
    ],
    ["no JSON", { items: ["data: hello\n\n", first, last] }, ["data: is no JSON"]],
    ["no events", { items: ["hello"] }, ["choices: the stream ended without any"]],
    ["an error in the stream", { items: [first, { error: { message: "a" } }] }, []],
    [
      "a whole answer to a stream",
      { input: { stream: true }, value: { nothing: true } },
      [
        ": is a whole answer, though the request has stream: true",
        "id: is missing",
        "object: is missing",
        "created: is missing",
        "model: is missing",
        "choices: is missing",
      ],
    ],
    [
      "a stream where none was asked for",
      { input: {}, items: [first, last] },
      [": is a stream, though the request has no stream: true"],
    ],
    ["text", { value: "hello" }, [': must be an object, is "hello"']],
  ])("%s", async (_what, look, expected) => {
    expect(await placesOf("chat_completions", look)).toEqual(expected);
  });

  it("says whom it breaks, and the next step", async () => {
    const [warning] = await warningsOf("chat_completions", { items: [first] });
    expect(warning).toMatchObject({
      method: "chat_completions",
      request_id: "r",
      hint: "openai's stream() helper and the AI SDK throw without it; yield it or use toChatCompletion",
    });
  });
});

const start = {
  type: "message_start",
  message: {
    id: "m",
    type: "message",
    role: "assistant",
    model: "m",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 0 },
  },
};
const block = (index = 0, type = "text") => ({
  type: "content_block_start",
  index,
  content_block: type === "text" ? { type, text: "" } : { type, id: "t", name: "n", input: {} },
});
const words = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "a" } };
const stop = { type: "content_block_stop", index: 0 };
const messageDelta = {
  type: "message_delta",
  delta: { stop_reason: "end_turn", stop_sequence: null },
  usage: { output_tokens: 1 },
};
const messageStop = { type: "message_stop" };

describe("messages", () => {
  it.each<[string, readonly unknown[], readonly string[]]>([
    ["a right stream", [start, { type: "ping" }, block(), words, stop, messageDelta, messageStop], []],
    ["no usage at the end", [start, { ...messageDelta, usage: undefined }, messageStop], ["usage: is missing"]],
    [
      "no end",
      [start, block(), words, stop],
      ["delta.stop_reason: is missing: no message_delta had one", "type: message_stop must come last"],
    ],
    ["no start", [block(), words, stop, messageDelta, messageStop], ["type: message_start must come first"]],
    [
      "blocks that overlap",
      [start, block(), block(1), stop, messageDelta, messageStop],
      ["index: a block must stop before the next one starts", "index: must be that of the block that is open"],
    ],
    [
      "a block counted from 1",
      [start, block(1), { ...stop, index: 1 }, messageDelta, messageStop],
      ["index: must be 0: blocks are counted from 0"],
    ],
    [
      "text in a tool's block",
      [start, block(0, "tool_use"), words, stop, messageDelta, messageStop],
      ["delta.type: must be input_json_delta in a block of type tool_use, is text_delta"],
    ],
    [
      "no names",
      [start, block(), words, stop, messageDelta, messageStop].map((event) => `data: ${JSON.stringify(event)}\n\n`),
      [
        'event: must be "message_start", is missing',
        'event: must be "content_block_start", is missing',
        'event: must be "content_block_delta", is missing',
        'event: must be "content_block_stop", is missing',
        'event: must be "message_delta", is missing',
        'event: must be "message_stop", is missing',
      ],
    ],
  ])("%s", async (_what, items, expected) => {
    expect(await placesOf("messages", { items })).toEqual(expected);
  });
});

describe("responses", () => {
  it("a right stream, and each of its ways to be wrong", async () => {
    const right: Record<string, unknown>[] = [];
    for await (const event of toResponse({ stream: true, model: "m" }, ["a", "b"])) right.push({ ...event });
    expect(await placesOf("responses", { items: right })).toEqual([]);
    expect(await placesOf("responses", { items: right.slice(0, -1) })).toEqual([
      "type: the last event must be one of response.completed, response.incomplete, response.failed",
    ]);
    expect(await placesOf("responses", { items: right.slice(1) })).toEqual([
      "type: response.created must come first",
      "sequence_number: must be 0, is 1",
    ]);
    const at = right.findIndex(({ type }) => type === "response.output_text.delta");
    const lost = right.toSpliced(at, 1).map((event, index) => ({ ...event, sequence_number: index }));
    expect(await placesOf("responses", { items: lost })).toEqual(["text: must be what the deltas add up to"]);
    const bare = right.filter(({ type }) => type !== "response.output_item.added");
    const numbered = bare.map((event, index) => ({ ...event, sequence_number: index }));
    expect(await placesOf("responses", { items: numbered })).toEqual([
      "output_index: must be that of an item that was added",
    ]);
  });
});

describe("embeddings", () => {
  const vectors = (...data: unknown[]) => ({
    object: "list",
    model: "m",
    usage: { prompt_tokens: 1, total_tokens: 1 },
    data: data.map((embedding, index) => ({ object: "embedding", index, embedding })),
  });
  it.each<[string, Look, readonly string[]]>([
    ["numbers", { input: { input: ["a", "b"] }, value: vectors([1], [2]) }, []],
    ["one input of tokens", { input: { input: [1, 2] }, value: vectors([1]) }, []],
    [
      "numbers where base64 was asked for",
      { input: { input: "a", encoding_format: "base64" }, value: vectors([1]) },
      ["data[0].embedding: must be base64"],
    ],
    [
      "base64 where nobody asked",
      { input: { input: "a" }, value: vectors("AACAPw==") },
      ["data[0].embedding: must be a list of numbers"],
    ],
    [
      "too few",
      { input: { input: ["a", "b"] }, value: vectors([1]) },
      ["data: must have one vector for each input, 2, has 1"],
    ],
    [
      "text among them",
      { input: { input: "a" }, value: vectors([1, "2"]) },
      ['data[0].embedding[1]: must be a number, is "2"'],
    ],
  ])("%s", async (_what, look, expected) => {
    expect(await placesOf("embeddings", look)).toEqual(expected);
  });
});

describe("an answer of the author's own", () => {
  it.each<[string, Response, readonly string[]]>([
    [
      "whole",
      Response.json({ id: "c" }),
      ["object: is missing", "created: is missing", "model: is missing", "choices: is missing"],
    ],
    [
      "an error in another shape",
      Response.json({ error: "no" }, { status: 400 }),
      ['error: must be an object, is "no"'],
    ],
    [
      "an error in its shape",
      Response.json({ error: { message: "a", type: "b", param: null, code: null } }, { status: 400 }),
      [],
    ],
    ["compressed", new Response("x", { headers: { "content-encoding": "gzip" } }), []],
    ["of another type", new Response("x"), []],
  ])("%s", async (_what, response, expected) => {
    expect(await placesOf("chat_completions", { response })).toEqual(expected);
  });

  it("streamed", async () => {
    const headers = { "content-type": "text/event-stream" };
    const response = new Response(`data: ${JSON.stringify(first)}\n\ndata: [DONE]\n\n`, { headers });
    expect(await placesOf("chat_completions", { input: { stream: true }, response })).toEqual([
      "choices[].finish_reason: is missing in the last chunk",
    ]);
  });
});

describe("what the helpers make", () => {
  const parts: GenerationPart[] = [
    { type: "reasoning", text: "hm" },
    { type: "text", text: "a" },
    { type: "tool_call", id: "t1", name: "look", arguments: '{"a":1}' },
    { type: "tool_call", id: "t2", name: "look", arguments: "{}" },
    { type: "usage", input_tokens: 1, output_tokens: 2 },
  ];
  const families = {
    chat_completions: (input: object) => toChatCompletion(input, parts),
    responses: (input: object) => toResponse(input, parts),
    messages: (input: object) => toMessage(input, parts),
    completions: (input: object) => toCompletion(input, ["a", "b"]),
  };
  const inputs = [{}, { stream: true }, { stream: true, stream_options: { include_usage: true } }];
  const cases = Object.entries(families).flatMap(([method, make]) => inputs.map((input) => ({ method, make, input })));

  it.each(cases)("is right: $method $input", async ({ method, make, input }) => {
    const made = make({ model: "m", messages: [], ...input });
    const look =
      Symbol.asyncIterator in made ? { items: await readItems(made as AsyncIterable<unknown>) } : { value: await made };
    expect(await placesOf(method as EndpointMethod, { input, ...look })).toEqual([]);
  });

  it.each([{ input: "a" }, { input: ["a", "b"], encoding_format: "base64" }] as const)(
    "is right: %j",
    async (input) => {
      const value = await toEmbeddings({ model: "m", ...input }, async (texts) => texts.map(() => [1, 2]));
      expect(await placesOf("embeddings", { input, value })).toEqual([]);
    },
  );
});

describe("what is told", () => {
  it("is told once for each edition of the model", () => {
    const warnings: WireWarning[] = [];
    let edition = 1;
    const inspect = createInspector(
      () => edition,
      (warning) => warnings.push(warning),
    );
    const look = () => inspect({ endpoint: endpointOf("messages"), input: {}, requestId: "r" })?.value("text");
    look();
    look();
    expect(warnings).toHaveLength(1);
    edition = 2;
    look();
    expect(warnings).toHaveLength(2);
  });

  it.each(["constructor", "toString", "__proto__"])("does an answer no harm, as one with a block of type %s", (type) =>
    warningsOf("messages", {
      items: [
        { type: "message_start", message: {} },
        { type: "content_block_start", index: 0, content_block: { type } },
        { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "a" } },
      ],
    }).then((warnings) => expect(warnings.map(({ path }) => path)).toContain("delta.stop_reason")),
  );

  it("does an answer no harm where the check itself fails", () => {
    const inspect = createInspector(
      () => 1,
      () => {
        throw new Error("nobody can be told");
      },
    );
    const inspection = inspect({ endpoint: endpointOf("messages"), input: { stream: true }, requestId: "r" });
    const framer = createFramer("anthropic-messages", { requestId: "r", accept: null });
    const watched = inspection?.framer(framer);
    expect(watched?.frame({ type: "odd" })).toContain('{"type":"odd"}');
    expect(() => inspection?.value({})).not.toThrow();
    expect(() => watched?.end()).not.toThrow();
    const tap = inspection?.response(new Response("{}", { headers: { "content-type": "application/json" } }));
    expect(() => (tap?.chunk("{}"), tap?.end())).not.toThrow();
  });

  it("is nothing where there is no form", () => {
    const inspect = createInspector(
      () => 1,
      () => expect.unreachable(),
    );
    expect(inspect({ endpoint: endpointOf("predict"), input: {}, requestId: "r" })).toBeUndefined();
  });
});

async function readItems(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
