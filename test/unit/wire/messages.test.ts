import { describe, expect, it } from "vitest";
import type { FinishReason, GenerationPart } from "../../../src/index.ts";
import { toMessage } from "../../../src/index.ts";
import { collect, generate } from "./helpers.ts";

const call = (id: string, args = '{"q":1}'): GenerationPart => ({
  type: "tool_call",
  id,
  name: "look_up",
  arguments: args,
});
const thought = (text: string): GenerationPart => ({ type: "reasoning", text });
const usage: GenerationPart = { type: "usage", input_tokens: 7, output_tokens: 5 };
const input = {
  model: "m-1",
  max_tokens: 9,
  system: "1234",
  messages: [{ role: "user", content: [{ text: "5678" }] }],
};

const events = (items: (string | GenerationPart)[]) =>
  collect(toMessage({ ...input, stream: true as const }, generate(items)));
const whole = (items: (string | GenerationPart)[]) => toMessage(input, generate(items));

describe("toMessage, whole", () => {
  it("has every field of a message", async () => {
    expect(await whole(["Hello", ", world", usage])).toEqual({
      id: expect.stringMatching(/^msg_[0-9a-f]{32}$/) as unknown,
      type: "message",
      role: "assistant",
      model: "m-1",
      content: [{ type: "text", text: "Hello, world" }],
      stop_reason: "end_turn",
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: expect.objectContaining({
        input_tokens: 7,
        output_tokens: 5,
        cache_creation_input_tokens: null,
        cache_read_input_tokens: null,
      }) as unknown,
    });
  });

  it("has a block for each stretch of one kind", async () => {
    const message = await whole([thought("h"), thought("m"), "a", "b", call("toolu_1"), call("call_2"), "c"]);
    expect(message.content).toEqual([
      { type: "thinking", thinking: "hm", signature: "" },
      { type: "text", text: "ab" },
      { type: "tool_use", id: "toolu_1", name: "look_up", input: { q: 1 }, caller: { type: "direct" } },
      { type: "tool_use", id: "call_2", name: "look_up", input: { q: 1 }, caller: { type: "direct" } },
      { type: "text", text: "c" },
    ]);
    expect(message.stop_reason).toBe("tool_use");
  });

  it("estimates usage where nobody counted", async () => {
    const message = await whole(["abcde"]);
    expect(message.usage).toMatchObject({ input_tokens: 2, output_tokens: 2 });
  });

  it("takes empty arguments as none", async () => {
    expect((await whole([call("c", "")])).content).toMatchObject([{ input: {} }]);
  });

  it.each(["not json", "[1]", "null", "4"])("cannot hold the arguments %j", async (args) => {
    await expect(whole([call("c", args)])).rejects.toThrow(/look_up are not a JSON object/);
    await expect(events([call("c", args)])).rejects.toThrow(/look_up are not a JSON object/);
  });
});

describe("toMessage, streamed", () => {
  it("tells text in Anthropic's order", async () => {
    const list = await events(["Hello", "", ", world"]);
    expect(list).toEqual([
      {
        type: "message_start",
        message: expect.objectContaining({
          id: expect.stringMatching(/^msg_/) as unknown,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: expect.objectContaining({ input_tokens: 2, output_tokens: 0 }) as unknown,
        }) as unknown,
      },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: ", world" } },
      { type: "content_block_stop", index: 0 },
      {
        type: "message_delta",
        delta: { stop_reason: "end_turn", stop_sequence: null, stop_details: null, container: null },
        usage: expect.objectContaining({ input_tokens: 2, output_tokens: 3 }) as unknown,
      },
      { type: "message_stop" },
    ]);
  });

  it("tells thinking and tool use, one block at a time", async () => {
    const list = await events([thought("hm"), "a", call("toolu_1"), call("toolu_2")]);
    const blocks = list.filter((event) => event.type.startsWith("content_block"));
    expect(blocks.map((event) => ("index" in event ? [event.index, event.type] : []))).toEqual(
      [0, 1, 2, 3].flatMap((index) => [
        [index, "content_block_start"],
        [index, "content_block_delta"],
        [index, "content_block_stop"],
      ]),
    );
    expect(blocks[0]).toMatchObject({ content_block: { type: "thinking", thinking: "", signature: "" } });
    expect(blocks[1]).toMatchObject({ delta: { type: "thinking_delta", thinking: "hm" } });
    expect(blocks[6]).toMatchObject({ content_block: { type: "tool_use", id: "toolu_1", name: "look_up", input: {} } });
    expect(blocks[7]).toMatchObject({ delta: { type: "input_json_delta", partial_json: '{"q":1}' } });
    expect(list.at(-2)).toMatchObject({ delta: { stop_reason: "tool_use" } });
  });

  it("tells a message without content", async () => {
    expect((await events([])).map((event) => event.type)).toEqual(["message_start", "message_delta", "message_stop"]);
  });

  it("ends with the whole message's usage", async () => {
    const early: GenerationPart = { type: "usage", input_tokens: 7, output_tokens: 1 };
    const list = await events([early, "a", usage]);
    expect(list.at(-2)).toMatchObject({ usage: { input_tokens: 7, output_tokens: 5 } });
  });
});

describe("toMessage, both ways", () => {
  it.each<[FinishReason, string]>([
    ["stop", "end_turn"],
    ["length", "max_tokens"],
    ["tool_calls", "tool_use"],
    ["content_filter", "refusal"],
  ])("ends with %s as %s", async (reason, told) => {
    const items = ["a", { type: "finish", reason } as const];
    expect((await whole(items)).stop_reason).toBe(told);
    expect((await events(items)).at(-2)).toMatchObject({ delta: { stop_reason: told } });
  });

  it("does no harm on a request that is nested beyond reason", async () => {
    const deep = JSON.parse("[".repeat(100_000) + "]".repeat(100_000)) as unknown;
    expect((await toMessage({ messages: deep }, "a")).usage.input_tokens).toBe(0);
  });

  it("counts an image as 1,600 tokens, whatever its size", async () => {
    const source = { type: "base64", data: "A".repeat(4000) };
    const messages = [
      {
        role: "user",
        content: [
          { type: "image", source },
          { type: "text", text: "What?" },
        ],
      },
    ];
    expect((await toMessage({ messages }, "a")).usage.input_tokens).toBe(1602);
  });
});
