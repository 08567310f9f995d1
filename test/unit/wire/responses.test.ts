import { describe, expect, it } from "vitest";
import type { FinishReason, GenerationPart } from "../../../src/index.ts";
import { toResponse } from "../../../src/index.ts";
import { collect, generate } from "./helpers.ts";

const call = (id: string): GenerationPart => ({ type: "tool_call", id, name: "look_up", arguments: '{"q":1}' });
const thought = (text: string): GenerationPart => ({ type: "reasoning", text });
const usage: GenerationPart = { type: "usage", input_tokens: 7, output_tokens: 5 };
const input = { model: "m-1", input: "Hi" };

type Event = Record<string, unknown> & { type: string; sequence_number: number };
const events = async (items: (string | GenerationPart)[], more = {}) =>
  (await collect(toResponse({ ...input, ...more, stream: true as const }, generate(items)))) as unknown as Event[];
const types = (list: readonly Event[]) => list.map((event) => event.type.replace(/^response\./, ""));

const openaiFields = `id object created_at error incomplete_details instructions model tools output parallel_tool_calls
  metadata tool_choice temperature top_p`.split(/\s+/);
const openResponsesFields = `completed_at status previous_response_id truncation text presence_penalty
  frequency_penalty top_logprobs reasoning user usage max_output_tokens max_tool_calls store background service_tier
  safety_identifier prompt_cache_key`.split(/\s+/);

describe("toResponse, whole", () => {
  it("has every field that OpenAI or Open Responses requires", async () => {
    const answer = await toResponse(input, generate(["Hello", ", world"]));
    expect(Object.keys(answer)).toEqual(expect.arrayContaining([...openaiFields, ...openResponsesFields]));
    expect(Object.values(answer)).not.toContain(undefined);
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^resp_[0-9a-f]{32}$/) as unknown,
      object: "response",
      status: "completed",
      model: "m-1",
      error: null,
      incomplete_details: null,
      usage: null,
      tools: [],
      tool_choice: "auto",
      store: false,
      text: { format: { type: "text" } },
      output: [
        {
          id: expect.stringMatching(/^msg_/) as unknown,
          type: "message",
          status: "completed",
          role: "assistant",
          content: [{ type: "output_text", text: "Hello, world", annotations: [], logprobs: [] }],
        },
      ],
    });
    expect(answer.completed_at).toBeGreaterThanOrEqual(answer.created_at);
  });

  it("repeats what was asked for", async () => {
    const asked = {
      instructions: "Be kind",
      max_output_tokens: 9,
      metadata: { a: "b" },
      parallel_tool_calls: false,
      temperature: 0,
      tool_choice: { type: "function", name: "look_up" },
      tools: [{ type: "function", name: "look_up", parameters: { type: "object" } }, { type: "web_search" }],
      top_p: 0.5,
      reasoning: { effort: "low" },
      text: { format: { type: "json_object" }, verbosity: "low" },
      truncation: "auto",
      user: "u",
    } as const;
    expect(await toResponse({ ...input, ...asked }, "a")).toMatchObject({
      ...asked,
      tools: [
        { type: "function", name: "look_up", parameters: { type: "object" }, description: null, strict: null },
        { type: "web_search" },
      ],
      reasoning: { effort: "low", summary: null },
    });
  });

  it("has an item for each stretch of one kind", async () => {
    const answer = await toResponse(
      input,
      generate([thought("h"), thought("m"), "a", "b", call("call_1"), call("call_2"), "c"]),
    );
    expect(answer.output).toEqual([
      {
        id: expect.stringMatching(/^rs_/) as unknown,
        type: "reasoning",
        status: "completed",
        summary: [],
        content: [{ type: "reasoning_text", text: "hm" }],
      },
      expect.objectContaining({ type: "message", content: [expect.objectContaining({ text: "ab" })] }),
      {
        id: expect.stringMatching(/^fc_/) as unknown,
        type: "function_call",
        status: "completed",
        call_id: "call_1",
        name: "look_up",
        arguments: '{"q":1}',
      },
      expect.objectContaining({ type: "function_call", call_id: "call_2" }),
      expect.objectContaining({ type: "message", content: [expect.objectContaining({ text: "c" })] }),
    ]);
  });

  it("has the usage that the generation gives", async () => {
    expect((await toResponse(input, generate(["a", usage]))).usage).toEqual({
      input_tokens: 7,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 12,
    });
  });
});

describe("toResponse, streamed", () => {
  it("tells text in OpenAI's order", async () => {
    const list = await events(["Hello", "", ", world"]);
    expect(types(list)).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "completed",
    ]);
    expect(list[0]).toMatchObject({ response: { status: "in_progress", output: [], completed_at: null } });
    expect(list[2]).toMatchObject({ output_index: 0, item: { status: "in_progress", content: [] } });
    expect(list[3]).toMatchObject({ part: { type: "output_text", text: "", annotations: [] } });
    expect(list[4]).toMatchObject({ output_index: 0, content_index: 0, delta: "Hello", logprobs: [] });
    expect(list[6]).toMatchObject({ text: "Hello, world", logprobs: [] });
    expect(list[8]).toMatchObject({ item: { status: "completed", content: [{ text: "Hello, world" }] } });
  });

  it("tells a function call in OpenAI's order", async () => {
    const list = await events(["a", call("call_1")]);
    const own = list.filter((event) => event["output_index"] === 1);
    expect(types(own)).toEqual([
      "output_item.added",
      "function_call_arguments.delta",
      "function_call_arguments.done",
      "output_item.done",
    ]);
    expect(own[0]).toMatchObject({
      item: { status: "in_progress", call_id: "call_1", name: "look_up", arguments: "" },
    });
    expect(own[1]).toMatchObject({ delta: '{"q":1}' });
    expect(own[2]).toMatchObject({ name: "look_up", arguments: '{"q":1}' });
    expect(own[3]).toMatchObject({ item: { status: "completed", arguments: '{"q":1}' } });
    expect(types(list).indexOf("output_item.done")).toBeLessThan(types(list).lastIndexOf("output_item.added"));
  });

  it("tells reasoning by OpenAI's names", async () => {
    const list = await events([thought("h"), thought("m")]);
    expect(types(list).slice(2, -1)).toEqual([
      "output_item.added",
      "content_part.added",
      "reasoning_text.delta",
      "reasoning_text.delta",
      "reasoning_text.done",
      "content_part.done",
      "output_item.done",
    ]);
    expect(list[6]).toMatchObject({ text: "hm" });
  });

  it("tells a response without output", async () => {
    expect(types(await events([]))).toEqual(["created", "in_progress", "completed"]);
  });

  it("numbers without a gap, keeps ids, and adds up to the whole", async () => {
    const list = await events([thought("hm"), "a\u2028", "👩‍👩‍👧", call("c1"), "z", usage]);
    expect(list.map((event) => event.sequence_number)).toEqual(list.map((_, index) => index));

    const last = list.at(-1)?.["response"] as { id: string; output: { id: string }[]; usage: object };
    expect(list[0]).toMatchObject({ response: { id: last.id } });
    const done = list.filter((event) => event.type === "response.output_item.done").map((event) => event["item"]);
    expect(done).toEqual(last.output);
    for (const event of list.filter((each) => "item_id" in each)) {
      expect(event["item_id"]).toBe(last.output[event["output_index"] as number]?.id);
    }
    for (const [index, item] of last.output.entries()) {
      const own = list.filter((event) => event["output_index"] === index);
      const deltas = own.flatMap((event) => (typeof event["delta"] === "string" ? [event["delta"]] : [])).join("");
      expect(JSON.stringify(item)).toContain(JSON.stringify(deltas));
      const text = own.find((event) => /(text|arguments)\.done$/.test(event.type));
      expect(text?.["text"] ?? text?.["arguments"]).toBe(deltas);
    }
    expect(new Set(last.output.map((item) => item.id)).size).toBe(last.output.length);
    expect(last.usage).toMatchObject({ total_tokens: 12 });
  });
});

describe("toResponse, both ways", () => {
  it.each<[FinishReason, string, object | null]>([
    ["stop", "completed", null],
    ["tool_calls", "completed", null],
    ["length", "incomplete", { reason: "max_output_tokens" }],
    ["content_filter", "incomplete", { reason: "content_filter" }],
  ])("ends with %s as %s", async (reason, status, details) => {
    const items = ["a", { type: "finish", reason } as const, usage];
    const answer = await toResponse(input, generate(items));
    expect(answer).toMatchObject({ status, incomplete_details: details, output: [{ status }] });
    expect(answer.completed_at === null).toBe(status === "incomplete");
    const last = (await events(items)).at(-1);
    expect(last).toMatchObject({ type: `response.${status}`, response: { status, incomplete_details: details } });
  });

  it.each([
    ["previous_response_id", { previous_response_id: "resp_1" }],
    ["conversation", { conversation: "conv_1" }],
    ["background", { background: true }],
  ])("refuses %s, which it could not honour", (param, more) => {
    for (const stream of [true, false]) {
      expect(() => toResponse({ ...input, ...more, stream }, "a")).toThrow(
        expect.objectContaining({ status: 400, param }) as Error,
      );
    }
  });

  it("leaves earlier responses to an author who keeps them", async () => {
    const answer = await toResponse({ previous_response_id: "resp_1", stream: false }, "a", { stateful: true });
    expect(answer.previous_response_id).toBe("resp_1");
  });

  it("takes what says nothing", () => {
    const empty = { previous_response_id: null, conversation: null, background: false, stream: false } as const;
    expect(() => toResponse(empty, "a")).not.toThrow();
  });
});
