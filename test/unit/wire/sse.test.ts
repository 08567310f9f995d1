import { describe, expect, it } from "vitest";
import { acceptsSse, eventBoundary, looksLikeSse, oneLineJson, sseFrame } from "../../../src/wire/sse.ts";
import { parseSse } from "./helpers.ts";

const awkward = [
  "line\nbreak",
  "carriage\r\nreturn",
  "line \u2028 separator",
  "paragraph \u2029 separator",
  "next \u0085 line",
  "data: [DONE]\n\n",
  "👩‍👩‍👧 emoji",
  "lone \ud83d surrogate",
  "\u0000\u001b[31m",
  'quote " back \\ slash',
  "",
];

describe("oneLineJson", () => {
  it.each(awkward.map((text) => [JSON.stringify(text), text]))("holds %s on one line of any kind", (_, text) => {
    const json = oneLineJson({ [text]: [text] });
    expect(json).not.toMatch(/[\r\n\u0085\u2028\u2029]/);
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ [text]: [text] })));
  });

  it("throws for what JSON cannot hold", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    for (const value of [undefined, 1n, { deep: 1n }, cycle, () => 1, Symbol("x")]) {
      expect(() => oneLineJson(value)).toThrow(TypeError);
    }
  });
});

describe("sseFrame", () => {
  it.each(awkward.map((text) => [JSON.stringify(text), text]))("carries %s through a parser", (_, text) => {
    const [event, ...rest] = parseSse(sseFrame(oneLineJson({ text }), "piece"));
    expect(rest).toEqual([]);
    expect(event?.event).toBe("piece");
    expect(JSON.parse(event?.data ?? "")).toEqual(JSON.parse(JSON.stringify({ text })));
  });
});

describe("eventBoundary", () => {
  it.each([
    ["", ""],
    ["data: 1\n\n", ""],
    ["data: 1\r\n\r\n", ""],
    ["data: 1\r\r", ""],
    ["data: 1\n", "\n"],
    ["data: 1\r\n", "\n"],
    ["data: 1", "\n\n"],
  ])("after %j writes %j", (text, boundary) => {
    expect(eventBoundary(text)).toBe(boundary);
  });
});

describe("looksLikeSse", () => {
  it.each([
    "data: 1",
    "data:1",
    "event: x\ndata: 1",
    ": comment",
    "id: 4",
    "retry: 10",
    "\n\ndata: 1",
    "\uFEFFdata: 1",
  ])("takes %j", (text) => expect(looksLikeSse(text)).toBe(true));
  it.each(["", "Hello", '{"data": 1}', "database: x", "Data: 1"])("does not take %j", (text) => {
    expect(looksLikeSse(text)).toBe(false);
  });
});

describe("acceptsSse", () => {
  it.each([
    "text/event-stream",
    "application/json, text/event-stream",
    "Text/Event-Stream;q=0.9",
    "a/b,text/event-stream, */*",
  ])("takes %j", (accept) => expect(acceptsSse(accept)).toBe(true));
  it.each([null, "", "*/*", "application/json", "text/event-streams", "x-text/event-stream"])(
    "does not take %j",
    (accept) => expect(acceptsSse(accept)).toBe(false),
  );
});
