import { encode } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";
import { chunksOf, errorShapes, faultOf, hidden, note, noted, post, predict, readAll } from "../support/calls.ts";
import type { Target } from "../support/target.ts";

const jsonOnly = { headers: { accept: "application/json" } };
const events = { headers: { accept: "text/event-stream" } };

export function defineStreaming(target: () => Target): void {
  const stream = (kind: string, init: RequestInit = {}, key = "") =>
    predict(target(), { do: "stream", kind, key }, init);
  const textOf = async (kind: string, init?: RequestInit) => (await stream(kind, init)).text();

  describe("streams", () => {
    it("T101 strings go out as they are", async () => {
      const response = await stream("digits");
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("application/octet-stream");
      expect(response.headers.get("content-length")).toBeNull();
      expect(await response.text()).toBe("01234");
    });

    it("a synchronous generator and a web stream go out too", async () => {
      expect(await textOf("sync")).toBe("01");
      expect(await textOf("web stream")).toBe("ab");
    });

    it("T102 the first chunk comes before the last is made", async () => {
      const chunks = chunksOf(await stream("stepwise", {}, "step"));
      expect(await chunks.next()).toBe("first");
      await note(target(), "step:go");
      expect(await chunks.next()).toBe("last");
      expect(await chunks.next()).toBeUndefined();
    });

    it("T102 the head comes although the first item is late", async () => {
      const response = await stream("late", {}, "late");
      expect(response.status).toBe(200);
      await note(target(), "late:go");
      expect(await response.text()).toBe("late");
    });

    it("T103 bytes are not touched", async () => {
      expect([...new Uint8Array(await (await stream("bytes")).arrayBuffer())]).toEqual([240, 159, 152, 128]);
    });

    it("T108 an empty stream, and empty items", async () => {
      expect(await textOf("empty")).toBe("");
      expect(await textOf("empty items")).toBe("a");
    });

    it("objects are lines of JSON, or events for who asks for them", async () => {
      const lines = await stream("objects");
      expect(lines.headers.get("content-type")).toBe("application/x-ndjson");
      expect(await lines.text()).toBe('{"n":1}\n{"n":2,"text":"a\\nb"}\n');
      const told = await stream("objects", events);
      expect(told.headers.get("content-type")).toMatch(/^text\/event-stream/);
      expect(await told.text()).toBe('data: {"n":1}\n\ndata: {"n":2,"text":"a\\nb"}\n\n');
    });

    it.each(["/v1/chat/completions", "/v1/completions"])("%s frames objects and says [DONE]", async (path) => {
      const response = await post(target(), path, { do: "stream", kind: "objects" });
      expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
      expect(await response.text()).toBe('data: {"n":1}\n\ndata: {"n":2,"text":"a\\nb"}\n\ndata: [DONE]\n\n');
    });

    it.each(["/v1/responses", "/v1/messages"])("%s names its events, and says no [DONE]", async (path) => {
      const response = await post(target(), path, { do: "stream", kind: "events" });
      expect(await response.text()).toBe(
        'event: one\ndata: {"type":"one","n":1,"sequence_number":0}\n\nevent: two\ndata: {"type":"two","n":2,"sequence_number":1}\n\n',
      );
    });

    it("T121 strings from chat_completions go out as they are", async () => {
      const response = await post(target(), "/v1/chat/completions", { do: "stream", kind: "digits" }, jsonOnly);
      expect(await response.text()).toBe("01234");
    });
  });

  describe("gathering", () => {
    it("T104 Accept: application/json makes one JSON string", async () => {
      const response = await stream("digits", jsonOnly);
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(await response.text()).toBe('"01234"');
    });

    it.each(["application/json, text/plain", "Application/JSON", "application/json; q=1", "*/*"])(
      "T105 Accept: %s streams",
      async (accept) => expect(await textOf("digits", { headers: { accept } })).toBe("01234"),
    );

    it("T106 OpenAI's clients stream all the same", async () => {
      const headers = { accept: "application/json", "user-agent": "OpenAI/Python 1.0" };
      expect(await textOf("digits", { headers })).toBe("01234");
    });

    it("T107 a character split over two items is whole again", async () => {
      expect(await (await stream("bytes", jsonOnly)).json()).toBe("😀");
    });

    it("T108 nothing gathered is an empty string", async () => {
      expect(await (await stream("empty", jsonOnly)).text()).toBe('""');
    });

    it("objects are gathered into a list", async () => {
      expect(await (await stream("objects", jsonOnly)).json()).toEqual([{ n: 1 }, { n: 2, text: "a\nb" }]);
    });

    it("on /v1 the body decides, not the header", async () => {
      const response = await post(target(), "/v1/messages", { do: "stream", kind: "events", stream: true }, jsonOnly);
      expect(await response.text()).toContain("event: one");
    });

    it("T111 an error while gathering is a 500 without detail", async () => {
      const response = await stream("fails later", jsonOnly);
      expect(response.status).toBe(500);
      expect(await response.json()).toEqual({ error: hidden });
    });

    it("T104 a MessagePack request gets a MessagePack string", async () => {
      const response = await target().fetch("/predict", {
        method: "POST",
        body: encode({ do: "stream", kind: "digits" }) as Uint8Array<ArrayBuffer>,
        headers: { "content-type": "application/octet-stream", ...jsonOnly.headers },
      });
      expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0xa5, 48, 49, 50, 51, 52]);
    });
  });

  describe("streams that fail", () => {
    it.each([
      ["/predict", "json"],
      ["/v1/chat/completions", "openai"],
      ["/v1/messages", "anthropic"],
    ] as const)("T110 before the first item: a status at %s", async (path, family) => {
      const failed = await post(target(), path, { do: "stream", kind: "fails first" });
      expect(failed.status).toBe(500);
      expect(await failed.json()).toEqual(errorShapes[family](hidden));
      const refused = await post(target(), path, { do: "stream", kind: "refuses first" });
      expect(refused.status).toBe(422);
      expect(refused.headers.get("x-why")).toBe("voice");
      expect(faultOf(refused)).toBe("600");
      expect(await refused.json()).toEqual(errorShapes[family]("no such voice"));
    });

    it("T109 after plain strings: the connection is cut", async () => {
      const { text, broken } = await readAll(await stream("fails later"));
      expect(broken).toBe(true);
      expect("01".startsWith(text)).toBe(true);
      await expect.poll(() => target().log()).toContain("a detail that stays inside");
      expect(await textOf("digits")).toBe("01234");
    });

    it("T120 a Response whose stream fails: the connection is cut", async () => {
      const { broken } = await readAll(await predict(target(), { do: "return", kind: "response fails" }));
      expect(broken).toBe(true);
      expect((await predict(target(), 1)).status).toBe(200);
    });

    it("T109 after objects: an error in the stream's own form", async () => {
      expect(await readAll(await stream("objects fail"))).toEqual({
        text: `{"type":"one","n":1,"sequence_number":0}\n{"error":"${hidden}"}\n`,
        broken: false,
      });
      expect((await readAll(await stream("objects fail", events))).text).toContain(
        `event: error\ndata: {"error":"${hidden}"}`,
      );
    });

    it.each([
      ["/v1/chat/completions", /\ndata: \{"error":\{"message":"slow down"[^\n]*\}\n\n$/],
      ["/v1/responses", /\nevent: error\ndata: [^\n]*slow down[^\n]*\n\nevent: response\.failed\n[^\n]*\n\n$/],
      ["/v1/messages", /\nevent: error\ndata: \{"type":"error","error":[^\n]*slow down[^\n]*\n\n$/],
    ])("T109 %s tells the error in the stream, and never [DONE]", async (path, ending) => {
      const { text, broken } = await readAll(await post(target(), path, { do: "stream", kind: "objects refuse" }));
      expect(broken).toBe(false);
      expect(text).toMatch(ending);
      expect(text).not.toContain("[DONE]");
      const inside = await readAll(await post(target(), path, { do: "stream", kind: "objects fail" }));
      expect(inside.text).toContain(hidden);
      expect(inside.text).not.toContain("stays inside");
    });

    it("an item that JSON cannot hold is told like a throw", async () => {
      expect((await readAll(await stream("unserialisable"))).text).toBe(`{"n":1}\n{"error":"${hidden}"}\n`);
    });
  });

  describe("a client that leaves", () => {
    it.each(["endless", "silent"])(
      "T116 T117 mid-stream (%s): the generator is stopped, its finally runs",
      async (kind) => {
        const leaving = new AbortController();
        const chunks = chunksOf(await stream(kind, { signal: leaving.signal }, `left-${kind}`));
        expect(await chunks.next()).toContain("x");
        const before = target().log();
        leaving.abort();
        chunks.leave();
        await noted(target(), `left-${kind}:finally:true`);
        expect(target().log().slice(before.length)).not.toMatch(/Exception|ERROR/);
      },
    );

    it("T117 before the first item", async () => {
      const leaving = new AbortController();
      const pending = stream("unstarted", { signal: leaving.signal }, "unstarted");
      const failed = pending.then(
        (response) => response.text(),
        (error: unknown) => error,
      );
      await noted(target(), "unstarted:start");
      leaving.abort();
      await noted(target(), "unstarted:finally:true");
      await failed;
    });

    it("T117 T138 while predict runs: its signal aborts", async () => {
      const leaving = new AbortController();
      const pending = predict(target(), { do: "until-abort", key: "waiting" }, { signal: leaving.signal });
      const failed = pending.catch((error: unknown) => error);
      await noted(target(), "waiting:start");
      leaving.abort();
      await noted(target(), "waiting:aborted");
      await failed;
    });

    it("while a stream is gathered: the generator is stopped", async () => {
      const leaving = new AbortController();
      const pending = stream("endless", { signal: leaving.signal, ...jsonOnly }, "gathered");
      const failed = pending.catch((error: unknown) => error);
      await noted(target(), "gathered:start");
      leaving.abort();
      await noted(target(), "gathered:finally:true");
      await failed;
    });
  });
}
