import { type AddressInfo, createServer } from "node:net";
import { once } from "node:events";
import { onTestFinished, expect, test } from "vitest";
import { exchange } from "../../../src/baseten/transport.ts";

/** A server that writes these pieces of text, one every so often, and then leaves the connection as it is. */
async function drip(pieces: readonly string[], everyMs: number): Promise<URL> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    let index = 0;
    const timer = setInterval(() => {
      const piece = pieces[index++];
      if (piece === undefined || socket.destroyed) return clearInterval(timer);
      return socket.write(piece);
    }, everyMs);
    socket.on("close", () => clearInterval(timer));
    onTestFinished(() => void socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n";

test.each([
  ["no headers", []],
  ["headers and no body", [head]],
  ["a body that trickles for ever", [head, ...Array.from({ length: 10_000 }, () => " ")]],
])("a server with %s is given up", async (_what, pieces) => {
  const url = await drip(pieces, 20);
  const work = exchange({ method: "GET", url, headers: {}, readMs: 300 });
  await expect(work).rejects.toMatchObject({ code: "NETWORK_FAILED", sent: true });
  await expect(work).rejects.toThrow("did not answer in full within 0.3 s");
});

test.each([
  ["shorter than it said", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\n{}"],
  ["not HTTP", "SSH-2.0-OpenSSH_9.2\r\n"],
  ["of two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 5\r\n\r\n{}"],
])("an answer %s is a failure of the network", async (_what, text) => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await expect(exchange({ method: "GET", url, headers: {} })).rejects.toMatchObject({ code: "NETWORK_FAILED" });
});

test("a body that takes its time to be sent is not cut, however long it is", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    let size = 0;
    socket.on("data", (data) => {
      size += data.length;
      if (data.toString("latin1").endsWith("0\r\n\r\n")) socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  async function* slowly() {
    for (let index = 0; index < 25; index++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      yield new Uint8Array([index]);
    }
  }
  const answer = await exchange({ method: "PUT", url, headers: {}, body: slowly(), readMs: 2_000 });
  expect(answer.text).toBe("ok");
});
