import { describe, expect, it } from "vitest";
import type { Framing } from "../../../src/model/endpoints.ts";
import { createFramer } from "../../../src/wire/framer.ts";
import { parseSse } from "./helpers.ts";

const hidden = { status: 500, message: "Internal Server Error (in model/chainlet)." };
const busy = { status: 429, message: "Busy" };
const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (chunk: string | Uint8Array) => (typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk));

function frameAll(framing: Framing, items: readonly unknown[], accept: string | null = null) {
  const framer = createFramer(framing, { requestId: "req-1", accept });
  const contentType = framer.contentType(items[0]);
  const body = items.map((item) => text(framer.frame(item))).join("");
  return { contentType, body, framer };
}

/** The body that a client reads, whole or failed. */
function whole(framing: Framing, items: readonly unknown[], accept: string | null = null): string {
  const { body, framer } = frameAll(framing, items, accept);
  return body + framer.end();
}

function failed(framing: Framing, items: readonly unknown[], error = hidden, accept: string | null = null) {
  const { body, framer } = frameAll(framing, items, accept);
  const frame = framer.fail(error);
  return frame === undefined ? undefined : body + frame;
}

const eventFramings = ["openai-chunks", "openai-responses", "anthropic-messages"] as const;

describe.each(eventFramings)("%s", (framing) => {
  it.each([[[]], [[{ a: 1 }]], [["text"]], [[utf8("bytes")]]])(
    "is an event stream, whatever comes first: %j",
    (items) => {
      expect(frameAll(framing, items, "application/json").contentType).toBe("text/event-stream; charset=utf-8");
    },
  );

  it("leaves strings and bytes as they are", () => {
    const items = ["data: 1\n\n", utf8("data: {}\n\n"), "", "data: é\u2028\n\n"];
    expect(whole(framing, items)).toBe(items.map((item) => text(item)).join(""));
  });

  it("gives bytes back untouched, not copied through text", () => {
    const bytes = new Uint8Array([0xff, 0x00, 0xfe]);
    expect(createFramer(framing, { requestId: "r", accept: null }).frame(bytes)).toBe(bytes);
  });

  it.each([[null], [4], [true], [[1, 2]], [{ a: "x\ny" }]])("frames %j as one event", (item) => {
    const events = parseSse(whole(framing, [item])).filter((event) => event.data !== "[DONE]");
    expect(events.map((event) => JSON.parse(event.data) as unknown)).toEqual([item]);
  });

  it.each([1n, undefined, { a: 1n }])("throws for what JSON cannot hold", (item) => {
    expect(() => frameAll(framing, [item])).toThrow(TypeError);
  });

  it("starts an object on its own after a string that did not end its event", () => {
    for (const unfinished of ["data: 1", "data: 1\n", "data: 1\r\n"]) {
      expect(parseSse(whole(framing, [unfinished, { a: 1 }]))[1]?.data).toBe('{"a":1}');
    }
  });

  it.each(["data: 1\n\n", "data: 1\n", "data: 1", ": comment\n\n", "event: x\ndata: 1\r\n\r\n"])(
    "tells a failure after the hand-written %j as an event of its own",
    (item) => {
      const events = parseSse(failed(framing, [item], busy) ?? "");
      expect(events.filter((event) => event.data.includes("Busy")).length).toBeGreaterThan(0);
      for (const event of events) expect(() => JSON.parse(event.data)).not.toThrow();
    },
  );

  it("knows events that were written in small pieces of bytes", () => {
    const pieces = [..."data: {}\n\n"].map((character) => utf8(character));
    expect(failed(framing, pieces, busy)).toContain("Busy");
  });

  it.each([["Hello"], [utf8("Hello")], [new Uint8Array([1, 2])]])(
    "has no form for a failure after plain %j",
    (item) => {
      expect(failed(framing, [item])).toBeUndefined();
    },
  );

  it("tells a failure of a stream that had no item", () => {
    expect(failed(framing, [], busy)).toContain("Busy");
  });
});

describe("openai-chunks", () => {
  it("frames data only and ends with [DONE]", () => {
    expect(whole("openai-chunks", [{ type: "x", a: 1 }, { b: 2 }])).toBe(
      'data: {"type":"x","a":1}\n\ndata: {"b":2}\n\ndata: [DONE]\n\n',
    );
  });

  it("ends an empty stream with [DONE]", () => {
    expect(whole("openai-chunks", [])).toBe("data: [DONE]\n\n");
  });

  it.each(["data: [DONE]\n\n", "data:[DONE]\n\n", "data: [DONE]\r\n\r\n", "data: [DONE]\n", "data: [DONE]"])(
    "does not double the author's own %j",
    (done) => {
      expect(whole("openai-chunks", [{ a: 1 }, done])).toBe(`data: {"a":1}\n\n${done}`);
      expect(whole("openai-chunks", [{ a: 1 }, utf8(done)])).toBe(`data: {"a":1}\n\n${done}`);
      expect(whole("openai-chunks", ["data: {}\n\n", done])).toBe(`data: {}\n\n${done}`);
    },
  );

  it("is not misled by [DONE] inside a text", () => {
    const body = whole("openai-chunks", ["data: x\n\n", { text: "data: [DONE]" }]);
    expect(parseSse(body).map((event) => event.data)).toEqual(["x", '{"text":"data: [DONE]"}', "[DONE]"]);
  });

  it("adds [DONE] where the author mixed in strings of another kind", () => {
    expect(parseSse(whole("openai-chunks", [{ a: 1 }, "data: 2"])).map((event) => event.data)).toEqual([
      '{"a":1}',
      "2",
      "[DONE]",
    ]);
  });

  it("tells a failure as OpenAI's error object", () => {
    expect(failed("openai-chunks", [{ a: 1 }], busy)).toBe(
      'data: {"a":1}\n\ndata: {"error":{"message":"Busy","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}\n\n',
    );
  });
});

describe("anthropic-messages", () => {
  it("names each event by its own type, and adds no terminator", () => {
    expect(whole("anthropic-messages", [{ type: "ping" }, { a: 1 }, { type: 4 }, { type: "a\nb" }])).toBe(
      'event: ping\ndata: {"type":"ping"}\n\ndata: {"a":1}\n\ndata: {"type":4}\n\ndata: {"type":"a\\nb"}\n\n',
    );
  });

  it("tells a failure with the request's id", () => {
    expect(failed("anthropic-messages", [], busy)).toBe(
      'event: error\ndata: {"type":"error","error":{"type":"rate_limit_error","message":"Busy"},"request_id":"req-1"}\n\n',
    );
  });
});

describe("openai-responses", () => {
  it("names each event by its own type, and adds no terminator", () => {
    expect(whole("openai-responses", [{ type: "response.created", sequence_number: 0 }, { a: 1 }])).toBe(
      'event: response.created\ndata: {"type":"response.created","sequence_number":0}\n\ndata: {"a":1}\n\n',
    );
  });

  it("tells a failure twice, numbered on, with the last response seen", () => {
    const response = { id: "resp_1", object: "response", status: "in_progress", model: "m" };
    const items = [
      { type: "response.created", sequence_number: 0, response },
      { type: "response.output_text.delta", sequence_number: 6, delta: "x" },
    ];
    const events = parseSse(failed("openai-responses", items, busy) ?? "").slice(2);
    expect(events.map((event) => event.event)).toEqual(["error", "response.failed"]);
    expect(events.map((event) => JSON.parse(event.data) as unknown)).toEqual([
      {
        type: "error",
        code: "rate_limit_exceeded",
        message: "Busy",
        param: null,
        sequence_number: 7,
        error: { type: "rate_limit_error", code: "rate_limit_exceeded", message: "Busy", param: null },
      },
      {
        type: "response.failed",
        sequence_number: 8,
        response: { ...response, status: "failed", error: { code: "rate_limit_exceeded", message: "Busy" } },
      },
    ]);
  });

  it("numbers on after events that were written by hand", () => {
    const items = ['event: response.created\ndata: {"type":"response.created","sequence_number":41}\n\n'];
    const numbers = parseSse(failed("openai-responses", items) ?? "").map(
      (event) => (JSON.parse(event.data) as { sequence_number: number }).sequence_number,
    );
    expect(numbers).toEqual([41, 42, 43]);
  });

  it("makes a minimal response where none was seen", () => {
    const last = parseSse(failed("openai-responses", []) ?? "").at(-1);
    expect(JSON.parse(last?.data ?? "")).toMatchObject({
      type: "response.failed",
      sequence_number: 1,
      response: {
        id: expect.stringMatching(/^resp_/) as unknown,
        object: "response",
        status: "failed",
        output: [],
        error: { code: "server_error", message: hidden.message },
      },
    });
  });
});

describe("predict", () => {
  it("streams objects as lines of JSON", () => {
    const items = [{ a: "x\ny" }, 1, null, "as it is"];
    expect(frameAll("predict", items).contentType).toBe("application/x-ndjson");
    expect(whole("predict", items)).toBe('{"a":"x\\ny"}\n1\nnull\nas it is');
  });

  it("streams objects as events to a client that asks for them", () => {
    expect(frameAll("predict", [{ a: 1 }], "text/event-stream").contentType).toBe("text/event-stream; charset=utf-8");
    expect(whole("predict", [{ type: "x", a: 1 }, "data: 2\n\n"], "text/event-stream")).toBe(
      'data: {"type":"x","a":1}\n\ndata: 2\n\n',
    );
  });

  it.each(["Hello", "", utf8("Hello"), undefined])("has no media type of its own for %j", (first) => {
    const framer = createFramer("predict", { requestId: "r", accept: "*/*" });
    expect(framer.contentType(first)).toBe("application/octet-stream");
  });

  it("leaves strings and bytes as they are, also as events", () => {
    expect(whole("predict", ["Hé", utf8("llo"), ""])).toBe("Héllo");
    expect(frameAll("predict", ["Hello"], "text/event-stream").contentType).toBe("text/event-stream; charset=utf-8");
    expect(whole("predict", ["Hé", utf8("llo")], "text/event-stream")).toBe("Héllo");
  });

  it("tells a failure in the stream's own form", () => {
    expect(failed("predict", [{ a: 1 }], busy)).toBe('{"a":1}\n{"error":"Busy"}\n');
    expect(failed("predict", [{ a: 1 }, "no end"], busy)).toBe('{"a":1}\nno end\n{"error":"Busy"}\n');
    expect(failed("predict", [{ a: 1 }], busy, "text/event-stream")).toBe(
      'data: {"a":1}\n\nevent: error\ndata: {"error":"Busy"}\n\n',
    );
    expect(failed("predict", ["data: 1\n\n"], busy, "text/event-stream")).toBe(
      'data: 1\n\nevent: error\ndata: {"error":"Busy"}\n\n',
    );
  });

  it.each(["Hello", utf8("Hello"), "data: 1\n\n"])("has no form for a failure after %j", (item) => {
    expect(failed("predict", [item])).toBeUndefined();
  });

  it("has no form for a failure after plain text to a client that asks for events", () => {
    expect(failed("predict", ["Hello"], hidden, "text/event-stream")).toBeUndefined();
  });
});

describe("a sign of life", () => {
  const comment = ": keep-alive\n\n";
  const ping = 'event: ping\ndata: {"type":"ping"}\n\n';
  const after = (framing: Framing, items: readonly unknown[], accept: string | null = null) =>
    frameAll(framing, items, accept).framer.keepAlive();

  it.each([
    ["openai-chunks", comment],
    ["openai-responses", comment],
    ["anthropic-messages", ping],
  ] as const)("of %s, between any two events", (framing, sign) => {
    for (const items of [[], [{ a: 1 }], ["data: 1\n\n"], [": mine\r\n\r\n"], ["data: 1", { a: 1 }]]) {
      expect(after(framing, items)).toBe(sign);
    }
  });

  it.each(eventFramings)("of %s is none in the middle of an event, nor in what is no event stream", (framing) => {
    for (const items of [["data: {"], ["data: 1\n"], ["data: 1\r\n"], ["plain"]]) {
      expect(after(framing, items)).toBeUndefined();
    }
  });

  it("of predict is there for who asks for events", () => {
    expect(after("predict", [{ a: 1 }], "text/event-stream")).toBe(comment);
    expect(after("predict", [], "text/event-stream")).toBe(comment);
    expect(after("predict", ["plain"], "text/event-stream")).toBeUndefined();
    expect(after("predict", [{ a: 1 }])).toBeUndefined();
    expect(after("predict", [])).toBeUndefined();
  });
});
