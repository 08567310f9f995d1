import { decode, encode } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";
import { errorShapes, families, faultOf, post, predict } from "../support/calls.ts";
import type { Target } from "../support/target.ts";

export function defineParsing(target: () => Target): void {
  const send = (path: string, body: NonNullable<RequestInit["body"]> | null, type?: string) =>
    target().fetch(path, { method: "POST", body, headers: type === undefined ? {} : { "content-type": type } });

  describe("parsing", () => {
    it.each([5, "s", null, [1, [2]], {}, true, 1e-7, "ä👋\u2028"])("T57 %j echoes", async (value) => {
      expect(await (await predict(target(), value)).json()).toEqual(value);
    });

    it.each([
      "text/plain",
      "application/json; charset=utf-8",
      "Application/JSON",
      "application/vnd.api+json",
      undefined,
    ])("T58 JSON labelled %s", async (type) => {
      const body = new Uint8Array(Buffer.from('{"a":1}'));
      expect(await (await send("/predict", body, type)).json()).toEqual({ a: 1 });
    });

    it.each(["image/png", "application/msgpack"])("T70 %s arrives as bytes", async (type) => {
      expect(await (await send("/predict", new Uint8Array([0, 200, 3]), type)).json()).toEqual({ bytes: [0, 200, 3] });
    });

    it("T65 a byte order mark is accepted", async () => {
      expect(await (await send("/predict", '\ufeff{"a":1}', "application/json")).json()).toEqual({ a: 1 });
    });

    it("a __proto__ in the body changes no prototype", async () => {
      const response = await send("/predict", '{"__proto__":{"do":"throw"},"a":1}', "application/json");
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('{"__proto__":{"do":"throw"},"a":1}');
    });

    it("multipart arrives as a FormData", async () => {
      const form = new FormData();
      form.append("name", "value");
      form.append("file", new Blob(["12345"]), "five.bin");
      expect(await (await target().fetch("/predict", { method: "POST", body: form })).json()).toEqual({
        form: [
          ["name", "value"],
          ["file", 5],
        ],
      });
    });
  });

  describe("bad bodies", () => {
    it.each(families)("T59 T60 T61 T63 T64 T66 POST %s", async (path, family) => {
      const bodies: [string, Uint8Array][] = [
        ["empty", Buffer.from("")],
        ["blank", Buffer.from("  \n")],
        ["cut off", Buffer.from('{"a":')],
        ["more behind it", Buffer.from('{"a":1} x')],
        ["not UTF-8", Buffer.from([0x22, 0xff, 0xfe, 0x22])],
        ["gzip", Buffer.from([0x1f, 0x8b, 8, 0, 0])],
        ["NaN", Buffer.from("NaN")],
        ["UTF-16", Buffer.from("{}", "utf16le")],
      ];
      for (const [what, body] of bodies) {
        const response = await send(path, new Uint8Array(body), "application/json");
        expect(response.status, what).toBe(400);
        expect(response.headers.get("content-type")).toBe("application/json");
        expect(await response.json(), what).toEqual(
          errorShapes[family](expect.stringMatching(/^Invalid JSON payload: /)),
        );
        expect(faultOf(response)).toBe("700");
      }
    });

    it("T59 an empty body without a type", async () => {
      expect((await send("/predict", null)).status).toBe(400);
    });

    it("an empty body labelled text/plain", async () => {
      expect((await send("/predict", "", "text/plain")).status).toBe(400);
    });

    it.each([
      ["a broken boundary", "--b\r\nnonsense", "multipart/form-data; boundary=b"],
      ["no boundary", "--b--\r\n", "multipart/form-data"],
      ["nothing", "", "multipart/form-data; boundary=b"],
    ])("T62 multipart with %s is 400", async (_what, body, type) => {
      const response = await send("/predict", body, type);
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({ error: expect.stringContaining("multipart") });
    });

    it.each([
      ["empty", []],
      ["cut off", [0x92, 1]],
      ["a byte that MessagePack never uses", [0xc1]],
      ["more behind it", [1, 2]],
    ])("T71 MessagePack that is bad (%s) is 400", async (_what, bytes) => {
      const response = await send("/predict", new Uint8Array(bytes), "application/octet-stream");
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({ error: expect.stringMatching(/^Invalid MessagePack payload: /) });
      expect(faultOf(response)).toBe("700");
    });
  });

  describe("sizes and depths", () => {
    it("nesting of 100,000 does no harm", async () => {
      const body = "[".repeat(100_000) + "]".repeat(100_000);
      expect([200, 400, 500]).toContain((await send("/predict", body, "application/json")).status);
      const hidden = await send("/predict", `{"do":"none","deep":${body}}`, "application/json");
      expect(await hidden.text()).not.toContain("Maximum call stack");
      const open = await send("/v1/chat/completions", "[".repeat(100_000), "application/json");
      expect(open.status).toBe(400);
      const packed = new Uint8Array(100_001).fill(0x91);
      packed[100_000] = 1;
      expect([200, 400, 500]).toContain((await send("/predict", packed, "application/octet-stream")).status);
      expect((await predict(target(), 1)).status).toBe(200);
    });

    it("T67 20 MiB is served", async () => {
      const text = "x".repeat(20 * 1024 * 1024);
      const response = await predict(target(), { text });
      expect(response.status).toBe(200);
      expect(((await response.json()) as { text: string }).text.length).toBe(text.length);
    });
  });

  describe("MessagePack", () => {
    it.each(["application/octet-stream", "application/octet-stream; charset=binary", "Application/Octet-Stream"])(
      "T69 %s in and out",
      async (type) => {
        const value = { n: 1, bytes: new Uint8Array([1, 2]), list: [null, "é"] };
        const response = await send("/predict", encode(value) as Uint8Array<ArrayBuffer>, type);
        expect(response.headers.get("content-type")).toBe("application/octet-stream");
        expect(decode(await response.arrayBuffer())).toEqual(value);
      },
    );

    it("T91 T92 bytes and a Response go out as they are", async () => {
      const ask = (kind: string) =>
        send("/predict", encode({ do: "return", kind }) as Uint8Array<ArrayBuffer>, "application/octet-stream");
      expect([...new Uint8Array(await (await ask("bytes")).arrayBuffer())]).toEqual([0, 255, 7]);
      expect(await (await ask("response 201")).json()).toEqual({ made: true });
    });

    it("T72 Python's marker maps, whose keys are bytes, arrive with text keys", async () => {
      const marker = new Uint8Array([0x81, 0xc4, 2, 0x6e, 0x64, 0xc3]);
      const response = await send("/predict", marker, "application/octet-stream");
      expect(decode(await response.arrayBuffer())).toEqual({ nd: true });
    });
  });

  describe("what a method sees of the request", () => {
    it("T55 the body can be read again", async () => {
      const response = await post(
        target(),
        "/environments/production/predict?a=1",
        { do: "request" },
        {
          headers: { "x-test": "seen" },
        },
      );
      expect(await response.json()).toEqual({
        method: "POST",
        path: "/environments/production/predict",
        header: "seen",
        body: '{"do":"request"}',
        aborted: false,
      });
    });
  });
}
