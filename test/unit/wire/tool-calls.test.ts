import { describe, expect, it } from "vitest";
import { type GenerationPart, toChatCompletion, toMessage, toResponse } from "../../../src/index.ts";
import { collect, generate } from "./helpers.ts";

const piece = (id: string, args: string, name = ""): GenerationPart => ({
  type: "tool_call",
  id,
  name,
  arguments: args,
});
/** Two calls whose pieces cross, and a text that comes in between. */
const crossing = [
  piece("a", '{"x":', "f"),
  piece("b", "{", "g"),
  "text",
  piece("a", "1}"),
  piece("b", '"y":2}'),
  "end",
];

describe("tool calls in pieces", () => {
  it("go out as they come in chat, each with its index", async () => {
    const chunks = await collect(toChatCompletion({ stream: true }, generate(crossing)));
    expect(chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? [])).toEqual([
      { index: 0, id: "a", type: "function", function: { name: "f", arguments: '{"x":' } },
      { index: 1, id: "b", type: "function", function: { name: "g", arguments: "{" } },
      { index: 0, function: { arguments: "1}" } },
      { index: 1, function: { arguments: '"y":2}' } },
    ]);
  });

  it("go out as they come in responses, each in its item", async () => {
    const events = await collect(toResponse({ stream: true }, generate(crossing)));
    const told = events.flatMap((event) =>
      "output_index" in event && !event.type.includes("content_part")
        ? [`${event.output_index} ${event.type.replace(/^response\.(output_|function_call_)?/, "")}`]
        : [],
    );
    expect(told).toEqual([
      "0 item.added",
      "0 arguments.delta",
      "1 item.added",
      "1 arguments.delta",
      "2 item.added",
      "2 text.delta",
      "0 arguments.delta",
      "1 arguments.delta",
      "2 text.delta",
      "0 arguments.done",
      "0 item.done",
      "1 arguments.done",
      "1 item.done",
      "2 text.done",
      "2 item.done",
    ]);
  });

  it("wait for their turn in messages, and keep their order", async () => {
    const events = await collect(toMessage({ stream: true }, generate(crossing)));
    const told = events.flatMap((event) => {
      if (!("index" in event)) return [];
      if (event.type !== "content_block_delta") return [`${event.index} ${event.type.replace("content_block_", "")}`];
      return [
        `${event.index} ${event.delta.type === "input_json_delta" ? event.delta.partial_json : JSON.stringify(event.delta)}`,
      ];
    });
    expect(told).toEqual([
      "0 start",
      '0 {"x":',
      "0 1}",
      "0 stop",
      "1 start",
      "1 {",
      '1 "y":2}',
      "1 stop",
      "2 start",
      '2 {"type":"text_delta","text":"text"}',
      '2 {"type":"text_delta","text":"end"}',
      "2 stop",
    ]);
  });

  it("end in responses as soon as another item begins, where they are whole", async () => {
    const events = await collect(
      toResponse({ stream: true }, generate([piece("a", "{}", "f"), piece("b", "{}", "g")])),
    );
    const types = events.map((event) => event.type);
    expect(types.indexOf("response.output_item.done")).toBeLessThan(types.lastIndexOf("response.output_item.added"));
  });

  it("may be cut by the limit", async () => {
    const parts = [piece("a", '{"x":', "f"), { type: "finish", reason: "length" } as const];
    const events = await collect(toMessage({ stream: true }, generate(parts)));
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: "max_tokens" } });
    expect(await toMessage({ stream: false }, generate(parts))).toMatchObject({ content: [{ name: "f", input: {} }] });
    const response = await toResponse({ stream: false }, generate(parts));
    expect(response).toMatchObject({ status: "incomplete", output: [{ arguments: '{"x":', status: "incomplete" }] });
  });

  it("are of one function each: two under one id would become one, with arguments that nobody can parse", async () => {
    const parts = [piece("a", "{}", "f"), piece("a", "{}", "g")];
    const refused = /call a .* f .* g/;
    await expect(toChatCompletion({ stream: false }, generate(parts))).rejects.toThrow(refused);
    await expect(toMessage({ stream: false }, generate(parts))).rejects.toThrow(refused);
    await expect(collect(toResponse({ stream: true }, generate(parts)))).rejects.toThrow(refused);
  });

  it("are no JSON object: messages cannot hold them, wherever that shows", async () => {
    for (const parts of [
      [piece("a", "{} {", "f"), "b"],
      [piece("a", "{}", "f"), "b", piece("a", "{")],
      [piece("a", '{"x"}', "f")],
    ]) {
      await expect(toMessage({ stream: false }, generate(parts))).rejects.toThrow(/call f are not a JSON object/);
    }
    const late = [piece("a", "{}", "f"), "b", piece("a", "{", "f")];
    await expect(toResponse({ stream: false }, generate(late))).rejects.toThrow(/call f went on/);
    await expect(
      toResponse({ stream: false }, generate([piece("a", "{}", "f"), "b", piece("a", " \n")])),
    ).resolves.toBeDefined();
  });
});

describe("signatures of reasoning", () => {
  const parts: GenerationPart[] = [
    { type: "reasoning", text: "one" },
    { type: "reasoning", text: "", signature: "s1" },
    { type: "reasoning", text: "two", signature: "s2" },
    { type: "reasoning", text: "", signature: "s3" },
    { type: "text", text: "a" },
  ];

  it("are passed on in messages, each with its block", async () => {
    const { content } = await toMessage({ stream: false }, generate(parts));
    expect(content).toMatchObject([
      { type: "thinking", thinking: "one", signature: "s1" },
      { type: "thinking", thinking: "two", signature: "s2" },
      { type: "thinking", thinking: "", signature: "s3" },
      { type: "text", text: "a" },
    ]);
    const events = await collect(toMessage({ stream: true }, generate(parts)));
    const seals = events.flatMap((event) =>
      event.type === "content_block_delta" && event.delta.type === "signature_delta"
        ? [[event.index, event.delta.signature]]
        : [],
    );
    expect(seals).toEqual([
      [0, "s1"],
      [1, "s2"],
      [2, "s3"],
    ]);
  });

  it("are encrypted_content in responses, for who asks", async () => {
    const include = ["reasoning.encrypted_content"];
    const { output } = await toResponse({ include, stream: false }, generate(parts));
    expect(output).toMatchObject([
      { type: "reasoning", encrypted_content: "s1" },
      { type: "reasoning", encrypted_content: "s2" },
      { type: "reasoning", encrypted_content: "s3" },
      { type: "message" },
    ]);
    expect(JSON.stringify(await toResponse({ stream: false }, generate(parts)))).not.toMatch(/encrypted|"s1"/);
  });

  it("are left out of chat", async () => {
    expect(JSON.stringify(await toChatCompletion({ stream: false }, generate(parts)))).not.toMatch(/"s1"/);
  });
});
