import { Stream as AnthropicStream } from "@anthropic-ai/sdk/core/streaming";
import { Stream as OpenAIStream } from "openai/core/streaming";
import { describe, expect, it } from "vitest";
import { toChatCompletion, toMessage } from "../../../src/index.ts";
import type { GenerationPart, GenerationSource } from "../../../src/wire/generation.ts";
import { createPartReader } from "../../../src/wire/part-reader.ts";
import { readAll } from "../../../src/wire/translate.ts";

/** What plain objects are read as; their shapes are those that servers were seen to send. */
async function read(...items: object[]): Promise<GenerationPart[]> {
  const parts: GenerationPart[] = [];
  await readAll(createPartReader(items as GenerationSource), (part) => parts.push(part));
  return parts;
}

const chunk = (delta: object, finish_reason: string | null = null) => ({
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta, finish_reason }],
});
const call = (id: string, name: string, args: string): GenerationPart => ({
  type: "tool_call",
  id,
  name,
  arguments: args,
});
const finish = (reason: string) => ({ type: "finish", reason });
const tool = (index: number | undefined, id: string | undefined, name: string | undefined, args: string) =>
  chunk({ tool_calls: [{ index, id, function: { name, arguments: args } }] });

describe("chat chunks", () => {
  it("are read where servers leave out what OpenAI sends", async () => {
    const first = { choices: [], prompt_filter_results: [] };
    expect(
      await read(
        first,
        { choices: [{ delta: { content: "a" } }] },
        { choices: [{ delta: {}, finish_reason: "stop" }] },
      ),
    ).toEqual([{ type: "text", text: "a" }, finish("stop")]);
  });

  it("have reasoning under either name", async () => {
    const parts = await read(
      chunk({ reasoning_content: "h" }),
      chunk({ reasoning: "m", content: null }),
      chunk({}, "stop"),
    );
    expect(parts).toEqual([{ type: "reasoning", text: "h" }, { type: "reasoning", text: "m" }, finish("stop")]);
  });

  it("tell calls apart by id where each has the same index", async () => {
    const parts = await read(tool(0, "c1", "f", "{}"), tool(0, "c2", "g", "{}"), chunk({}, "tool_calls"));
    expect(parts).toEqual([call("c1", "f", "{}"), call("c2", "g", "{}"), finish("tool_calls")]);
  });

  it("get an id for calls that have none, and wait for a call's name", async () => {
    const parts = await read(
      tool(0, undefined, undefined, "{"),
      tool(0, undefined, "f", '"a'),
      tool(0, undefined, undefined, '":1}'),
      chunk({}, "stop"),
    );
    const id = expect.stringMatching(/^call_[0-9a-f]{32}$/) as unknown;
    expect(parts).toEqual([{ ...call("", "f", '{"a'), id }, { ...call("", "", '":1}'), id }, finish("tool_calls")]);
  });

  it("keep logprobs, of either API", async () => {
    const content = [
      { token: "a", logprob: -0.5, bytes: [97], top_logprobs: [{ token: "b", logprob: -1, bytes: null }] },
    ];
    const choice = { index: 0, delta: { content: "a" }, logprobs: { content }, finish_reason: "stop" };
    expect((await read({ choices: [choice] }))[0]).toEqual({
      type: "text",
      text: "a",
      logprobs: [{ token: "a", logprob: -0.5, bytes: [97], top_logprobs: [{ token: "b", logprob: -1 }] }],
    });
    const logprobs = { tokens: ["a"], token_logprobs: [-0.5], top_logprobs: [{ b: -1 }], text_offset: [0] };
    expect((await read({ choices: [{ text: "a", logprobs, finish_reason: "stop" }] }))[0]).toEqual({
      type: "text",
      text: "a",
      logprobs: [{ token: "a", logprob: -0.5, top_logprobs: [{ token: "b", logprob: -1 }] }],
    });
  });
});

describe("response events", () => {
  const place = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const delta = (text: string, id = "msg_1") => ({
    type: "response.output_text.delta",
    ...place,
    item_id: id,
    delta: text,
  });
  const message = { type: "message", id: "msg_1", content: [{ type: "output_text", text: "ab" }] };
  const completed = { type: "response.completed", response: { status: "completed", output: [message] } };

  it("say each text once, also where its item's id changes", async () => {
    const done = { type: "response.output_text.done", ...place, text: "ab" };
    const item = { type: "response.output_item.done", output_index: 0, item: { ...message, id: "msg_9" } };
    expect(await read(delta("a"), delta("b", "msg_2"), done, item, completed)).toEqual([
      { type: "text", text: "a" },
      { type: "text", text: "b" },
      finish("stop"),
    ]);
  });

  it("are read from the last one where there are no others", async () => {
    expect(await read(completed)).toEqual([{ type: "text", text: "ab" }, finish("stop")]);
  });

  it("have reasoning by Open Responses' name, and summaries where there is nothing else", async () => {
    const at = { item_id: "rs_1", output_index: 0, content_index: 0 };
    const open = { type: "response.reasoning.delta", ...at, delta: "hm" };
    const summary = { type: "response.reasoning_summary_text.delta", ...at, summary_index: 0, delta: "so" };
    expect(await read(open, summary, completed)).toEqual([{ type: "reasoning", text: "hm" }, finish("stop")]);
    expect(await read(summary, summary, completed)).toEqual([
      { type: "reasoning", text: "so" },
      { type: "reasoning", text: "so" },
      finish("stop"),
    ]);
  });

  it("keep the seal of reasoning", async () => {
    const item = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "sealed" };
    const done = { type: "response.output_item.done", output_index: 0, item };
    expect((await read(done, completed))[0]).toEqual({ type: "reasoning", text: "", signature: "sealed" });
  });

  it.each([
    [
      "the flat form",
      { type: "error", code: "rate_limit_exceeded", message: "Slow", param: null, sequence_number: 3 },
      429,
    ],
    [
      "the nested form",
      { type: "error", sequence_number: 3, error: { type: "too_many_requests", message: "Slow" } },
      429,
    ],
    [
      "a failed response",
      { type: "response.failed", response: { error: { code: "server_error", message: "Slow" } } },
      502,
    ],
  ])("throw their errors: %s", async (_, event, status) => {
    await expect(read(delta("a"), event)).rejects.toMatchObject({ status, message: "Slow" });
  });
});

describe("message events", () => {
  const start = (index: number, content_block: object) => ({ type: "content_block_start", index, content_block });
  const delta = (index: number, fields: object) => ({ type: "content_block_delta", index, delta: fields });
  const stop = (index: number) => ({ type: "content_block_stop", index });
  const end = { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 5 } };

  it("leave out what the provider runs by itself, and what has no name elsewhere", async () => {
    const parts = await read(
      start(0, { type: "server_tool_use", id: "s", name: "web_search", input: {} }),
      delta(0, { type: "input_json_delta", partial_json: '{"q"' }),
      stop(0),
      start(1, { type: "redacted_thinking", data: "…" }),
      stop(1),
      { type: "ping" },
      start(2, { type: "text", text: "" }),
      delta(2, { type: "text_delta", text: "a" }),
      delta(2, { type: "citations_delta", citation: {} }),
      stop(2),
      { ...end, usage: {} },
    );
    expect(parts).toEqual([{ type: "text", text: "a" }, finish("stop")]);
  });

  it("add up what was counted, and what came from a cache is input too", async () => {
    const usage = { input_tokens: 3, output_tokens: 1, cache_read_input_tokens: 4, cache_creation_input_tokens: 2 };
    const parts = await read({ type: "message_start", message: { usage } }, end);
    expect(parts.findLast((part) => part.type === "usage")).toEqual({
      type: "usage",
      input_tokens: 9,
      output_tokens: 5,
      cached_input_tokens: 4,
    });
  });

  it("keep signatures, an input given at once, and the stop sequence", async () => {
    const parts = await read(
      start(0, { type: "thinking", thinking: "", signature: "" }),
      delta(0, { type: "thinking_delta", thinking: "hm" }),
      delta(0, { type: "signature_delta", signature: "sealed" }),
      stop(0),
      start(1, { type: "tool_use", id: "t", name: "f", input: { a: 1 } }),
      stop(1),
      start(2, { type: "tool_use", id: "u", name: "g", input: {} }),
      stop(2),
      { type: "message_delta", delta: { stop_reason: "stop_sequence", stop_sequence: "END" } },
    );
    expect(parts).toEqual([
      { type: "reasoning", text: "hm" },
      { type: "reasoning", text: "", signature: "sealed" },
      call("t", "f", '{"a":1}'),
      call("u", "g", ""),
      call("u", "", "{}"),
      { type: "finish", reason: "stop", stop_sequence: "END" },
    ]);
  });

  it.each([
    ["model_context_window_exceeded", "length"],
    ["refusal", "content_filter"],
    ["pause_turn", "stop"],
  ])("end with %s as %s", async (stop_reason, reason) => {
    expect(await read({ type: "message_delta", delta: { stop_reason } })).toEqual([finish(reason)]);
  });
});

describe("parts of the AI SDK", () => {
  // Majors 5, 6 and 7 differ in the names of what is counted, and in the parts between.
  it.each([
    ["5", { inputTokens: 9, outputTokens: 5, totalTokens: 14, reasoningTokens: 2, cachedInputTokens: 4 }],
    [
      "6",
      {
        inputTokens: 9,
        outputTokens: 5,
        inputTokenDetails: { cacheReadTokens: 4 },
        outputTokenDetails: { reasoningTokens: 2 },
      },
    ],
    ["a provider", { inputTokens: { total: 9, cacheRead: 4 }, outputTokens: { total: 5, reasoning: 2 } }],
  ])("are read, counts as in %s", async (_, totalUsage) => {
    const parts = await read(
      { type: "start" },
      { type: "start-step", request: {}, warnings: [] },
      { type: "reasoning-start", id: "0" },
      { type: "reasoning-delta", id: "0", text: "hm" },
      { type: "reasoning-end", id: "0", providerMetadata: { anthropic: { signature: "sealed" } } },
      { type: "text-start", id: "1" },
      { type: "text-delta", id: "1", text: "a" },
      { type: "text-end", id: "1" },
      { type: "tool-input-start", id: "c1", toolName: "f" },
      { type: "tool-input-delta", id: "c1", delta: '{"a":' },
      { type: "tool-input-delta", id: "c1", delta: "1e3}" },
      { type: "tool-input-end", id: "c1" },
      { type: "tool-call", toolCallId: "c1", toolName: "f", input: { a: 1000 } },
      { type: "tool-call", toolCallId: "c2", toolName: "g", input: {} },
      { type: "tool-call", toolCallId: "c3", toolName: "search", input: {}, providerExecuted: true },
      { type: "source", sourceType: "url", id: "s", url: "https://example.com" },
      { type: "finish", finishReason: "tool-calls", totalUsage },
    );
    expect(parts).toEqual([
      { type: "reasoning", text: "hm" },
      { type: "reasoning", text: "", signature: "sealed" },
      { type: "text", text: "a" },
      call("c1", "f", ""),
      call("c1", "", '{"a":'),
      call("c1", "", "1e3}"),
      call("c2", "g", ""),
      call("c2", "", "{}"),
      { type: "usage", input_tokens: 9, output_tokens: 5, cached_input_tokens: 4, reasoning_tokens: 2 },
      finish("tool_calls"),
    ]);
  });

  it.each([
    [{ type: "error", error: new Error("broken") }, { message: "broken" }],
    [
      { type: "error", error: "broken" },
      { status: 502, message: "broken" },
    ],
    [
      { type: "error", error: { type: "overloaded_error", message: "Busy" } },
      { status: 529, message: "Busy" },
    ],
    [{ type: "abort" }, { status: 502 }],
    [{ type: "finish", finishReason: "error" }, { status: 502 }],
  ])("throw %j", async (part, error) => {
    await expect(read({ type: "text-delta", text: "a" }, part)).rejects.toMatchObject(error);
  });
});

describe("a stream that does not say why it ended", () => {
  it.each([
    ["chat chunks", chunk({ content: "a" })],
    ["pieces of a completion", { choices: [{ text: "a", finish_reason: null }] }],
    ["response events", { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "a" }],
    ["message events", { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "a" } }],
    ["parts of the AI SDK", { type: "text-delta", id: "1", text: "a" }],
  ])("was cut: %s", async (_, item) => {
    await expect(read(item)).rejects.toMatchObject({ status: 502, message: "The upstream's answer broke off" });
  });

  it("is fine where its author made it", async () => {
    expect(await read({ type: "text", text: "a" })).toEqual([{ type: "text", text: "a" }]);
  });
});

describe("when the client leaves", () => {
  const frame = `event: x\ndata: ${JSON.stringify(chunk({ content: "a" }))}\n\n`;
  /** A server that says one thing and then nothing more. */
  const silent = () =>
    new Response(
      new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new TextEncoder().encode(frame)) }),
    );

  it.each([
    [
      "openai",
      (controller: AbortController, response: Response) => OpenAIStream.fromSSEResponse<object>(response, controller),
    ],
    [
      "@anthropic-ai/sdk",
      (controller: AbortController, response: Response) =>
        AnthropicStream.fromSSEResponse<object>(response, controller),
    ],
  ])("the upstream's request is aborted, also while it is silent: %s", async (_, open) => {
    for (const read of [0, 2, 3]) {
      const response = silent();
      const controller = new AbortController();
      // What the network does when a request is aborted.
      controller.signal.addEventListener("abort", () => void response.body?.cancel().catch(() => undefined));
      const source = Promise.resolve(open(controller, response)) as unknown as GenerationSource;
      const events = toChatCompletion({ stream: true }, source);
      for (let count = 0; count < Math.min(read, 2); count += 1) await events.next();
      const pending = read === 3 ? events.next().catch(() => undefined) : undefined;
      // What a reader does that goes away; the read that is under way may never come to an end by itself.
      void events.return?.();
      await new Promise((resolve) =>
        controller.signal.aborted ? resolve(undefined) : controller.signal.addEventListener("abort", resolve),
      );
      expect(controller.signal.aborted).toBe(true);
      void pending;
    }
  });

  it("what was begun for a request that is refused is ended", async () => {
    const controller = new AbortController();
    const aborted = new Promise((resolve) => controller.signal.addEventListener("abort", resolve));
    const source = OpenAIStream.fromSSEResponse<object>(silent(), controller) as unknown as GenerationSource;
    expect(() => toMessage(null as never, source)).toThrow("The body must be a JSON object");
    await aborted;
  });
});
