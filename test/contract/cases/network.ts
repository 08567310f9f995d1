import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { appears, chunksOf, noted, pause, predict } from "../support/calls.ts";
import { exchange, openRaw, request } from "../support/raw.ts";
import type { Target } from "../support/target.ts";
import { portOf } from "./websocket.ts";

const json = "Content-Type: application/json";
const close = "Connection: close";

/** What only a socket can show. */
export function defineNetwork(target: () => Target, files: boolean): void {
  const port = () => portOf(target());

  describe("malformed HTTP", () => {
    it.each([
      ["no HTTP", "hello there\r\n\r\n", 400],
      ["bytes", "\x16\x03\x01\x02\x00", 400],
      ["a broken header", "POST /predict HTTP/1.1\r\nHost: x\r\nbroken header\r\n\r\n", 400],
      ["two lengths", "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n1", 400],
      ["a length that is no number", "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400],
      [
        "a length and chunks",
        "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
      ],
      ["a bad chunk", "POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400],
      ["no host", "POST /predict HTTP/1.1\r\n\r\n", 400],
      ["large headers", `GET /predict HTTP/1.1\r\nHost: x\r\nX-Large: ${"a".repeat(70_000)}\r\n\r\n`, 431],
      ["large headers of a probe", `GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${"a".repeat(70_000)}\r\n\r\n`, 431],
    ])("T129 %s", async (_what, bytes, status) => {
      expect(await exchange(port(), bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect((await target().fetch("/")).status).toBe(200);
    });

    it("a host that is none is 400", async () => {
      const bytes = "POST /predict HTTP/1.1\r\nHost: a b\r\nContent-Length: 1\r\nConnection: close\r\n\r\n1";
      expect(await exchange(port(), bytes)).toMatch(/^HTTP\/1\.1 400 /);
    });
  });

  describe("connections", () => {
    it("T68 a chunked body, byte by byte", async () => {
      const connection = await openRaw(port());
      connection.write(
        `POST /predict HTTP/1.1\r\nHost: x\r\n${json}\r\nTransfer-Encoding: chunked\r\n${close}\r\n\r\n`,
      );
      for (const part of ["1\r\n[\r\n", "1\r\n7\r\n", "1\r\n]\r\n", "0\r\n\r\n"]) {
        connection.write(part);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await connection.ended).toMatch(/\r\n\r\n\[7\]$/);
    });

    it("T68 Expect: 100-continue", async () => {
      const connection = await openRaw(port());
      connection.write(
        `POST /predict HTTP/1.1\r\nHost: x\r\n${json}\r\nContent-Length: 3\r\nExpect: 100-continue\r\n${close}\r\n\r\n`,
      );
      await connection.until((text) => text.startsWith("HTTP/1.1 100 Continue\r\n\r\n"));
      connection.write("[8]");
      expect(await connection.ended).toMatch(/HTTP\/1\.1 200 OK[^]*\[8\]$/);
    });

    it("an HTTP/1.0 client gets plain bytes and the end of the connection", async () => {
      const body = '{"do":"stream","kind":"digits"}';
      const answer = await exchange(
        port(),
        `POST /predict HTTP/1.0\r\n${json}\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      expect(answer).toMatch(/\r\n\r\n01234$/);
    });

    it("pipelined requests are answered in their order", async () => {
      const connection = await openRaw(port());
      const bodies = ["1", '{"do":"return","kind":"text"}', "2", '"three"'];
      connection.write(bodies.map((body) => request("POST", "/predict", body, [json])).join(""));
      connection.write(request("POST", "/predict", "4", [json, close]));
      const answer = await connection.ended;
      expect(answer.match(/\r\n\r\n[^\r\n]+?(?=HTTP|$)/g)?.map((text) => text.trim())).toEqual([
        "1",
        '"plain"',
        "2",
        '"three"',
        "4",
      ]);
    });

    it("a probe and a request in one write are both answered", async () => {
      const answer = await exchange(port(), request("GET", "/") + request("POST", "/predict", "5", [json, close]));
      expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
      expect(answer.endsWith("5")).toBe(true);
    });

    it("requests byte by byte, on a connection that is used again", async () => {
      const connection = await openRaw(port());
      for (let round = 1; round <= 2; round += 1) {
        for (const byte of request("POST", "/predict", `"round ${round}"`, [json])) {
          connection.write(byte);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await connection.until((text) => text.includes(`"round ${round}"`));
      }
      connection.socket.destroy();
    });

    it("half of the next request, sent with the one before and left lying, is not lost", async () => {
      const connection = await openRaw(port());
      const second = request("POST", "/predict", '"second"', [json, close]);
      connection.write(request("POST", "/predict", '"first"', [json]) + second.slice(0, 20));
      await connection.until((text) => text.includes('"first"'));
      // Longer than an unused connection stays with the model's process.
      await pause(150);
      connection.write(second.slice(20));
      expect(await connection.ended).toMatch(/HTTP\/1\.1 200 OK[^]*"first"HTTP\/1\.1 200 OK[^]*"second"$/);
    });

    it("a probe from a client that then closes its side is answered", async () => {
      const connection = await openRaw(port());
      connection.socket.end(request("GET", "/", undefined, [close]));
      expect(await connection.ended).toMatch(/^HTTP\/1\.1 200 OK/);
    });

    it("T117 a broken connection aborts the request's signal", async () => {
      const connection = await openRaw(port());
      connection.write(request("POST", "/predict", '{"do":"until-abort","key":"reset"}', [json]));
      await noted(target(), "reset:start");
      connection.socket.resetAndDestroy();
      await noted(target(), "reset:aborted");
    });

    it("a client that leaves in the middle of its body harms nobody", async () => {
      const connection = await openRaw(port());
      connection.write(`POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n${json}\r\n\r\n{"a":`);
      connection.socket.destroy();
      expect((await predict(target(), 1)).status).toBe(200);
    });
  });

  describe("streams on the wire", () => {
    it("each event is one write, and nothing is compressed, buffered or kept", async () => {
      const body = '{"do":"stream","kind":"objects"}';
      const headers = [json, close, "Accept-Encoding: gzip, br"];
      const answer = await exchange(port(), request("POST", "/v1/chat/completions", body, headers));
      const [head = "", chunks] = answer.split(/(?<=\r\n\r\n)([^]*)/);
      expect(head).toMatch(/\r\ncache-control: no-cache\r\n/i);
      expect(head).toMatch(/\r\nx-accel-buffering: no\r\n/i);
      expect(head).not.toMatch(/content-encoding/i);
      const events = ['data: {"n":1}\n\n', 'data: {"n":2,"text":"a\\nb"}\n\n', "data: [DONE]\n\n"];
      const written = events.map((event) => `${event.length.toString(16)}\r\n${event}\r\n`).join("");
      expect(chunks).toBe(`${written}0\r\n\r\n`);
    });

    it.skipIf(!files)("an item is sent before the model goes on, whatever that does with the thread", async () => {
      const folder = await mkdtemp(join(tmpdir(), "truss-ts-busy-"));
      const key = join(folder, "go");
      const chunks = chunksOf(await predict(target(), { do: "stream", kind: "busy", key }));
      expect(await chunks.next()).toBe("first");
      await writeFile(key, "");
      expect(await chunks.next()).toBe("last");
      expect(await chunks.next()).toBeUndefined();
      await rm(folder, { recursive: true });
    });
  });

  describe("a model that computes without a pause", () => {
    it.skipIf(!files)("T139 liveness is answered, also on a connection that was used before", async () => {
      const connection = await openRaw(port());
      connection.write(request("POST", "/predict", '"used"', [json]));
      await connection.until((text) => text.endsWith('"used"'));
      // The connection has rested for a moment, as that of a prober has.
      await pause(150);
      let blocking = true;
      const folder = await mkdtemp(join(tmpdir(), "truss-ts-block-"));
      const name = join(folder, "blocking");
      const blocked = predict(target(), { do: "block", ms: 2_500, name }).finally(() => (blocking = false));
      await appears(name);
      const asked = target().fetch("/");
      connection.write(request("GET", "/", undefined, [close]));
      expect(await connection.ended).toMatch(/"used"HTTP\/1\.1 200 OK[^]*true$/);
      expect((await asked).status).toBe(200);
      for (let round = 0; round < 5; round += 1) expect((await target().fetch("/")).status).toBe(200);
      expect(blocking).toBe(true);
      expect(await (await blocked).json()).toBe("unblocked");
      await rm(folder, { recursive: true });
    });
  });
}
