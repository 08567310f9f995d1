import { describe, expect, it } from "vitest";
import type { FinishReason, GenerationPart } from "../../../src/index.ts";
import { toCompletion } from "../../../src/index.ts";
import { collect, generate } from "./helpers.ts";

const usage: GenerationPart = { type: "usage", input_tokens: 7, output_tokens: 5 };
const input = { model: "m-1", prompt: "1234" };

describe("toCompletion", () => {
  it("answers whole", async () => {
    const answer = await toCompletion(input, generate(["Hello", ", world", usage]));
    expect(answer).toEqual({
      id: expect.stringMatching(/^cmpl-[0-9a-f]{32}$/) as unknown,
      object: "text_completion",
      created: expect.any(Number) as unknown,
      model: "m-1",
      choices: [{ text: "Hello, world", index: 0, logprobs: null, finish_reason: "stop" }],
      usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 },
    });
  });

  it("leaves usage out of a whole answer where nobody counted", async () => {
    expect(await toCompletion({ stream: false }, "a")).not.toHaveProperty("usage");
  });

  it("answers in pieces of the same completion", async () => {
    const chunks = await collect(toCompletion({ ...input, stream: true }, generate(["Hello", "", ", world"])));
    expect(chunks.map((chunk) => chunk.choices)).toEqual([
      [{ text: "Hello", index: 0, logprobs: null, finish_reason: null }],
      [{ text: ", world", index: 0, logprobs: null, finish_reason: null }],
      [{ text: "", index: 0, logprobs: null, finish_reason: "stop" }],
    ]);
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    expect(chunks.every((chunk) => chunk.object === "text_completion" && !("usage" in chunk))).toBe(true);
  });

  it.each([
    [[usage], { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 }],
    [[], { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }],
  ])("ends with the totals for clients that asked, counted: %j", async (parts, totals) => {
    const asked = { ...input, stream: true, stream_options: { include_usage: true } } as const;
    const chunks = await collect(toCompletion(asked, generate(["abcde", ...parts])));
    expect(chunks.slice(0, -1).map((chunk) => chunk.usage)).toEqual([null, null]);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: totals });
  });

  it.each<[FinishReason, string]>([
    ["stop", "stop"],
    ["length", "length"],
    ["content_filter", "content_filter"],
    ["tool_calls", "stop"],
  ])("ends with %s as %s", async (reason, told) => {
    const items = ["a", { type: "finish", reason } as const];
    expect((await toCompletion({ stream: false }, generate(items))).choices[0]?.finish_reason).toBe(told);
    const chunks = await collect(toCompletion({ stream: true }, generate(items)));
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe(told);
  });

  it("leaves out reasoning and cannot hold a tool call", async () => {
    const answer = await toCompletion({ stream: false }, generate([{ type: "reasoning", text: "hm" }, "a"]));
    expect(answer.choices[0]?.text).toBe("a");
    const call: GenerationPart = { type: "tool_call", id: "c", name: "n", arguments: "{}" };
    await expect(toCompletion({ stream: false }, generate([call]))).rejects.toThrow(TypeError);
    await expect(collect(toCompletion({ stream: true }, generate([call])))).rejects.toThrow(TypeError);
  });

  it.each([
    ["n", { n: 2 }],
    ["best_of", { best_of: 3 }],
    ["prompt", { prompt: ["a", "b"] }],
    ["prompt", { prompt: [[1], [2]] }],
  ])("refuses several completions: %s in %j", (param, more) => {
    expect(() => toCompletion(more, "a")).toThrow(expect.objectContaining({ status: 400, param }) as Error);
  });

  it.each([[{ n: 1, best_of: null }], [{ prompt: ["a"] }], [{ prompt: [1, 2, 3] }], [{ prompt: null }], [{}]])(
    "takes one completion: %j",
    (more) => expect(() => toCompletion(more, "a")).not.toThrow(),
  );
});
