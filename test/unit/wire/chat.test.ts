import { describe, expect, it } from "vitest";
import type { FinishReason, GenerationPart } from "../../../src/index.ts";
import { toChatCompletion } from "../../../src/index.ts";
import { collect, generate } from "./helpers.ts";

const call = (id: string): GenerationPart => ({ type: "tool_call", id, name: "look_up", arguments: '{"q":"é"}' });
const usage: GenerationPart = { type: "usage", input_tokens: 7, output_tokens: 5 };
const input = { model: "m-1", messages: [{ role: "user", content: "12345678" }] };

const whole = (items: (string | GenerationPart)[], more = {}) =>
  toChatCompletion({ ...input, ...more, stream: false }, generate(items));
const chunks = (items: (string | GenerationPart)[], more = {}) =>
  collect(toChatCompletion({ ...input, ...more, stream: true as const }, generate(items)));

describe("toChatCompletion, whole", () => {
  it("has every field that OpenAI requires", async () => {
    const before = Math.floor(Date.now() / 1000);
    const answer = await whole(["Hello", ", ", "world"]);
    expect(answer).toEqual({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/) as unknown,
      object: "chat.completion",
      created: expect.any(Number) as unknown,
      model: "m-1",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "Hello, world", refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
    });
    expect(Number.isInteger(answer.created)).toBe(true);
    expect(answer.created).toBeGreaterThanOrEqual(before);
  });

  it("gives each answer its own id", async () => {
    expect((await whole(["a"])).id).not.toBe((await whole(["a"])).id);
  });

  it("holds tool calls, and then no content", async () => {
    const answer = await whole([call("call_1"), call("call_2")]);
    expect(answer.choices[0]?.message).toEqual({
      role: "assistant",
      content: null,
      refusal: null,
      tool_calls: ["call_1", "call_2"].map((id) => ({
        id,
        type: "function",
        function: { name: "look_up", arguments: '{"q":"é"}' },
      })),
    });
    expect(answer.choices[0]?.finish_reason).toBe("tool_calls");
  });

  it("keeps text beside tool calls, and reasoning beside text", async () => {
    const answer = await whole([{ type: "reasoning", text: "hm" }, "Let me see", call("c"), "!"]);
    expect(answer.choices[0]?.message).toMatchObject({ content: "Let me see!", reasoning_content: "hm" });
  });

  it("has an empty text where the generation has none", async () => {
    expect((await whole([])).choices[0]).toMatchObject({ message: { content: "" }, finish_reason: "stop" });
  });

  it("has the usage that the generation gives last, and none otherwise", async () => {
    expect(await whole(["a"])).not.toHaveProperty("usage");
    const early: GenerationPart = { type: "usage", input_tokens: 7, output_tokens: 1 };
    expect((await whole([early, "a", usage])).usage).toEqual({
      prompt_tokens: 7,
      completion_tokens: 5,
      total_tokens: 12,
    });
  });

  it("is whole unless stream is true", async () => {
    for (const more of [{}, { stream: null }, { stream: undefined }]) {
      expect(await toChatCompletion({ ...input, ...more }, "Hi")).toMatchObject({
        object: "chat.completion",
      });
    }
  });

  it("takes the author's model name before the request's", async () => {
    expect((await toChatCompletion({ model: "m-1", stream: false }, "Hi", { model: "m-2" })).model).toBe("m-2");
  });

  it("rejects with what the generation throws", async () => {
    await expect(toChatCompletion({ stream: false }, generate(["a"], new Error("broken")))).rejects.toThrow("broken");
  });
});

describe("toChatCompletion, streamed", () => {
  it("begins with the role and ends with why, in chunks of one completion", async () => {
    const stream = await chunks(["Hello", "", ", world"]);
    expect(stream.map((chunk) => chunk.choices)).toEqual([
      [{ index: 0, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null }],
      [{ index: 0, delta: { content: "Hello" }, logprobs: null, finish_reason: null }],
      [{ index: 0, delta: { content: ", world" }, logprobs: null, finish_reason: null }],
      [{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }],
    ]);
    const heads = new Set(stream.map(({ id, created, model, object }) => JSON.stringify([id, created, model, object])));
    expect(heads.size).toBe(1);
    expect(stream[0]).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/) as unknown,
      object: "chat.completion.chunk",
      model: "m-1",
    });
  });

  it("numbers tool calls", async () => {
    const stream = await chunks(["a", call("call_1"), call("call_2")]);
    expect(stream.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? [])).toEqual([
      { index: 0, id: "call_1", type: "function", function: { name: "look_up", arguments: '{"q":"é"}' } },
      { index: 1, id: "call_2", type: "function", function: { name: "look_up", arguments: '{"q":"é"}' } },
    ]);
    expect(stream.at(-1)?.choices[0]?.finish_reason).toBe("tool_calls");
  });

  it("tells reasoning in reasoning_content", async () => {
    const stream = await chunks([{ type: "reasoning", text: "hm" }, "a"]);
    expect(stream.map((chunk) => chunk.choices[0]?.delta)).toEqual([
      { role: "assistant", content: "" },
      { reasoning_content: "hm" },
      { content: "a" },
      {},
    ]);
  });

  it("mentions usage only to clients that asked", async () => {
    for (const chunk of await chunks(["a", usage])) {
      expect(chunk).not.toHaveProperty("usage");
      expect(chunk.choices).toHaveLength(1);
    }
  });

  it("ends with the totals for clients that asked", async () => {
    const stream = await chunks(["a", usage], { stream_options: { include_usage: true } });
    expect(stream.slice(0, -1).map((chunk) => chunk.usage)).toEqual([null, null, null]);
    expect(stream.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 },
    });
  });

  it("estimates the totals for clients that asked where nobody counted", async () => {
    const stream = await chunks(["abcd", "e"], { stream_options: { include_usage: true } });
    expect(stream.at(-1)?.usage).toEqual({ prompt_tokens: 2, completion_tokens: 2, total_tokens: 4 });
  });

  it("adds up to the whole answer", async () => {
    const items = ["He", "llo ", "\u2028", "👩‍👩‍👧", call("c")];
    const joined = (await chunks(items)).map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    expect((await whole(items)).choices[0]?.message.content).toBe(joined);
  });
});

describe("toChatCompletion, both ways", () => {
  it.each<FinishReason>(["stop", "length", "tool_calls", "content_filter"])("ends with %s as told", async (reason) => {
    const items = ["a", call("c"), { type: "finish", reason } as const, usage];
    expect((await whole(items)).choices[0]?.finish_reason).toBe(reason);
    expect((await chunks(items)).at(-1)?.choices[0]?.finish_reason).toBe(reason);
  });

  it.each([true, false])("refuses several answers, stream: %s", (stream) => {
    expect(() => toChatCompletion({ stream, n: 2 }, "a")).toThrow(
      expect.objectContaining({ status: 400, param: "n" }) as Error,
    );
    expect(() => toChatCompletion({ stream, n: 1 }, "a")).not.toThrow();
  });

  it.each([[null], ["text"], [4], [[]]])("refuses the body %j", (body) => {
    expect(() => toChatCompletion(body as never, "a")).toThrow(expect.objectContaining({ status: 400 }) as Error);
  });
});
