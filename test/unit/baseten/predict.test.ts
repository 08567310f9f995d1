import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AnswerForm, renderAnswer } from "../../../src/baseten/predict/answer.ts";
import { textOf } from "../../../src/baseten/predict/deltas.ts";
import { createEventReader } from "../../../src/baseten/predict/events.ts";
import {
  isBasetenUrl,
  joinRoute,
  parseBase,
  placeUrl,
  routeOf,
  splitRoute,
} from "../../../src/baseten/predict/target.ts";
import { isTrussError } from "../../../src/errors.ts";
import type { TrussEvent } from "../../../src/events.ts";

/** What is shown of a body that comes in these pieces, and what is said of it. */
async function show(type: string, form: AnswerForm, pieces: readonly (string | Uint8Array)[]) {
  async function* body() {
    for (const piece of pieces) yield Buffer.from(piece);
  }
  const events: TrussEvent[] = [];
  const shown: (string | Uint8Array)[] = [];
  let failure: string | undefined;
  try {
    const answer = { status: 200, statusText: "200 OK", type, body: body() };
    for await (const piece of renderAnswer(answer, form, (event) => void events.push(event))) shown.push(piece);
  } catch (error) {
    if (!isTrussError(error)) throw error;
    failure = error.message;
  }
  return { shown: Buffer.concat(shown.map((piece) => Buffer.from(piece))).toString(), failure, events };
}

const sse = "text/event-stream";
const event = (data: unknown, name?: string) =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
const chunk = (content: string) =>
  event({ object: "chat.completion.chunk", choices: [{ index: 0, delta: { content } }] });

describe("server-sent events", () => {
  it.each([
    ["data: a\n\ndata: b\n\n", ["a", "b"]],
    ["\uFEFFdata:a\r\ndata:b\r\n\r\n", ["a\nb"]],
    [": comment\n\nid: 1\nretry: 5\n\ndata\n\n", [""]],
    ["data: a\r\rdata: b\r\r", ["a", "b"]],
    ["data: cut off", ["cut off"]],
    ["event: only\n\n", []],
  ])("%j", (text, expected) => {
    const reader = createEventReader();
    expect([...reader.push(text), ...reader.end()].map(({ data }) => data)).toEqual(expected);
  });

  it("are the same however they are cut", () => {
    const text = "event: x\r\ndata: one\r\n\r\ndata: two\rdata: three\r\rdata: four\n\n: k\n\ndata: ü\n\n";
    const read = (pieces: readonly string[]) => {
      const reader = createEventReader();
      return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
    };
    const whole = read([text]);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        expect(read(places.slice(1).map((end, index) => text.slice(places[index], end)))).toEqual(whole);
      }),
    );
  });
});

describe("an answer", () => {
  it.each<[string, string, AnswerForm, string[], string]>([
    ["a stream, as text", sse, "text", [chunk("Hel"), chunk("lo"), "data: [DONE]\n\n"], "Hello"],
    ["a stream, as JSON", sse, "json", [event({ a: 1 }), "data: [DONE]\n\ndata: plain\n\n"], '{"a":1}\n"plain"\n'],
    ["a stream, raw", sse, "raw", ["data: [DO", "NE]\n\n"], "data: [DONE]\n\n"],
    ["events of a model's own", sse, "terminal", [event("a"), event({ b: 1 }), "data: c\n\n"], 'a{"b":1}\nc\n'],
    ["lines", "application/x-ndjson", "text", ['{"a":1}\n"b', '"\n'], '{"a":1}\nb'],
    ["lines, as JSON", "application/x-ndjson", "json", ['{"a":1}\n', '"b"'], '{"a":1}\n"b"\n'],
    ["JSON on a terminal", "application/json", "terminal", ['{"a":', "[1]}"], '{\n  "a": [\n    1\n  ]\n}\n'],
    [
      "JSON, a line of it",
      "application/json",
      "json",
      ['{"a": 12345678901234567890}'],
      '{"a": 12345678901234567890}\n',
    ],
    ["JSON of many lines", "application/json", "json", ['{\n "a": 1\n}\n'], '{"a":1}\n'],
    ["JSON, raw", "application/json", "raw", ['{ "a":1 }'], '{ "a":1 }'],
    ["a string", "application/json", "text", ['"Hello"'], "Hello\n"],
    ["nothing", "application/json", "json", [], ""],
    ["what is said to be JSON", "application/json", "text", ["<html>"], "<html>\n"],
    ["a generator's text", "application/octet-stream", "terminal", ["Hel", "lo"], "Hello"],
    ["a generator's text, as JSON", "application/octet-stream", "json", ["Hel", "lo"], '"Hel"\n"lo"\n'],
  ])("%s", async (_name, type, form, pieces, expected) => {
    expect(await show(type, form, pieces)).toEqual({ shown: expected, failure: undefined, events: [] });
  });

  it("of bytes is not spilt over a terminal, and whole elsewhere", async () => {
    const bytes = Uint8Array.of(0x89, 0x50, 0, 0xff);
    const told = await show("image/png", "terminal", [bytes]);
    expect(told).toMatchObject({ shown: "", failure: undefined });
    expect(told.events).toEqual([
      { event: "note", message: "4 bytes of image/png are not shown on a terminal. Send them to a file: > FILE" },
    ]);
    expect(await show("image/png", "json", [bytes])).toMatchObject({ shown: '{"base64":"iVAA/w=="}\n' });
    expect((await show("image/png", "raw", [bytes])).shown).toBe(Buffer.from(bytes).toString());
  });

  it("keeps letters that a chunk's end cuts in two", async () => {
    const [first, second] = [Buffer.from("ü").subarray(0, 1), Buffer.from("ü").subarray(1)];
    expect(await show("text/plain", "terminal", [first, second])).toMatchObject({ shown: "ü" });
    expect(await show(sse, "text", [Buffer.from('data: "'), first, second, '"\n\n'])).toMatchObject({ shown: "ü" });
  });
});

describe("a failure inside a stream", () => {
  const openai = event({ error: { message: "sorry", type: "server_error" } });
  const anthropic = event({ type: "error", error: { type: "api_error", message: "sorry" } }, "error");
  const responses = event({ type: "response.failed", response: { error: { message: "sorry" } } }, "response.failed");
  const own = event({ error: "sorry" }, "error");

  it.each([openai, anthropic, responses, own])("is found in every form: %j", async (failure) => {
    for (const form of ["raw", "json", "text", "terminal"] as const) {
      const told = await show(sse, form, [chunk("a"), failure]);
      expect(told.failure).toBe("The model failed in the middle of its answer: sorry");
      expect(told.shown.includes("sorry")).toBe(form === "raw");
    }
  });

  it("is the last line of JSON lines that says nothing but an error", async () => {
    const lines = (text: string) => show("application/x-ndjson", "json", [text]);
    expect(await lines('{"a":1}\n{"error":"sorry"}\n')).toMatchObject({
      shown: '{"a":1}\n',
      failure: expect.stringContaining("sorry"),
    });
    const legal = '{"error":"one of mine"}\n{"error":null}\n{"error":"x","more":1}\n';
    expect(await lines(legal)).toMatchObject({ shown: legal, failure: undefined });
  });

  it("is not what a model streams as its own", async () => {
    expect(await show(sse, "json", [event({ error: "none" }), event({ error: null })])).toMatchObject({
      failure: undefined,
    });
  });
});

describe("the text of an answer", () => {
  it.each([
    [{ choices: [{ index: 0, message: { content: "a" } }] }, "a"],
    [{ choices: [{ index: 1, delta: { content: "b" } }] }, ""],
    [{ choices: [{ index: 0, delta: { tool_calls: [] } }] }, ""],
    [{ choices: [{ text: "c" }] }, "c"],
    [{ choices: [] }, ""],
    [{ type: "response.output_text.delta", delta: "d" }, "d"],
    [{ type: "response.reasoning_summary_text.delta", delta: "hm" }, ""],
    [{ type: "response.completed", response: {} }, ""],
    [{ object: "response", output: [{ content: [{ type: "output_text", text: "e" }] }, { type: "reasoning" }] }, "e"],
    [{ type: "content_block_delta", delta: { type: "text_delta", text: "f" } }, "f"],
    [{ type: "message_start", message: {} }, ""],
    [{ type: "message", content: [{ type: "text", text: "g" }, { type: "tool_use" }] }, "g"],
    [{ output: "mine" }, undefined],
    ["text", undefined],
    [null, undefined],
  ])("%j", (value, expected) => expect(textOf(value)).toBe(expected));
});

describe("where a call goes", () => {
  it.each([
    ["8081", "/predict", "http://127.0.0.1:8081/predict"],
    [":8081/", "/predict", "http://127.0.0.1:8081/predict"],
    ["localhost:8081/v1", "/v1/messages", "http://localhost:8081/v1/messages"],
    ["localhost:8081/v1/", "/predict", "http://localhost:8081/predict"],
    ["https://x.co/environments/production", "/predict", "https://x.co/environments/production/predict"],
    ["https://x.co/environments/production", "/v1/messages", "https://x.co/environments/production/sync/v1/messages"],
    ["https://x.co/deployment/d1/sync/v1", "/v1/messages", "https://x.co/deployment/d1/sync/v1/messages"],
    ["http://[::1]:1", "/predict", "http://[::1]:1/predict"],
  ])("%s and %s", (base, route, expected) => expect(joinRoute(parseBase(base), route).href).toBe(expected));

  it.each(["", "http://", "ftp://x", "http://u:p@x", "x y"])("%j is no address", (text) => {
    expect(() => parseBase(text)).toThrow(expect.objectContaining({ code: "USAGE", exitCode: 2 }));
  });

  it("an address may name its route", () => {
    expect(splitRoute(new URL("http://x/a/v1/chat/completions"))).toEqual({
      base: new URL("http://x/a"),
      route: "/v1/chat/completions",
    });
    expect(splitRoute(new URL("http://x/v1"))).toBeUndefined();
  });

  it("names of places are kept in their place", () => {
    const url = placeUrl("https://model-m.api.baseten.co", { kind: "environment", name: "../x?y" });
    expect(joinRoute(url, "/predict").href).toBe("https://model-m.api.baseten.co/environments/..%2Fx%3Fy/predict");
  });

  it.each([
    ["https://model-x.api.baseten.co/", true],
    ["https://inference.baseten.co", true],
    ["http://model-x.api.baseten.co/", false],
    ["https://baseten.co.evil.example", false],
    ["https://evilbaseten.co", false],
    ["http://127.0.0.1:1", true],
    ["http://127.0.0.1:2", false],
  ])("%s is Baseten's: %s", (url, expected) => {
    expect(isBasetenUrl(new URL(url), "http://127.0.0.1:1/base")).toBe(expected);
  });

  it("an endpoint that is not there is answered with one that is near", () => {
    expect(routeOf("chat_completions")).toBe("/v1/chat/completions");
    expect(routeOf("/custom")).toBe("/custom");
    expect(() => routeOf("chatCompletions")).toThrow(
      expect.objectContaining({ hint: "did you mean chat_completions?" }),
    );
    expect(() => routeOf("websocket")).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});
