import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Wire, connectBoth, openWire, plainRequest, startProxy, startRawServer } from "./sockets.ts";

describe("what breaks off", () => {
  async function midAnswer(): Promise<{ client: Wire; upstream: Wire; outcomes: string[] }> {
    const { server, proxy, client } = await connectBoth();
    client.send(plainRequest);
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    await client.until("one");
    return { client, upstream, outcomes: proxy.outcomes };
  }

  it("at the client is cut at the model's server", async () => {
    const { client, upstream } = await midAnswer();
    client.socket.destroy();
    await upstream.closed;
  });

  it("at the client before there is an answer is cut too", async () => {
    const { server, proxy, client } = await connectBoth();
    client.send(plainRequest);
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    client.socket.destroy();
    await upstream.closed;
    await vi.waitFor(() => expect(proxy.outcomes).toEqual(["done"]));
  });

  it("at the model's server never looks to the client like an end", async () => {
    const { client, upstream, outcomes } = await midAnswer();
    upstream.socket.destroy();
    await client.closed;
    expect(client.text()).not.toContain("0\r\n\r\n");
    await vi.waitFor(() => expect(outcomes).toEqual(["done"]));
  });

  it("at the model's server short of the length is cut as well", async () => {
    const { server, client } = await connectBoth();
    client.send(plainRequest);
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    await client.until("half");
    upstream.socket.end();
    await client.closed;
  });

  it("before any answer is a failure, and is not sent again", async () => {
    const { server, proxy, client } = await connectBoth();
    client.send("POST /once HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    const upstream = await server.accept();
    await upstream.until("\r\n\r\nx");
    upstream.socket.destroy();
    await client.until("502");
    expect([proxy.outcomes, proxy.breaks]).toEqual([["failed"], 1]);
  });

  it.each([10, 100_000])("before a receipt leaves the request whole, none of its %s bytes sent", async (length) => {
    const server = await startRawServer({ receipts: false });
    const proxy = await startProxy(server.port);
    const client = await openWire(proxy.port);
    const head = `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;
    client.send(head + "x".repeat(length));
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    upstream.socket.destroy();
    await client.until("502");
    expect([upstream.text(), proxy.outcomes, proxy.breaks]).toEqual([head, ["unsent"], 0]);
  });

  it("with all of it unread leaves the request whole as well", async () => {
    // It takes connections and dies with all that was sent to it unread.
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on("error", () => undefined);
      setImmediate(() => socket.resetAndDestroy());
    });
    onTestFinished(() => void server.close());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = await startProxy((server.address() as AddressInfo).port);
    const client = await openWire(proxy.port);
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    await client.until("502");
    expect(proxy.outcomes).toEqual(["unsent"]);
  });

  it("before there was a connection leaves the request whole", async () => {
    const closed = createServer();
    closed.listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, "close");
    const proxy = await startProxy(port);
    const client = await openWire(proxy.port);
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    await client.until("502");
    expect(proxy.outcomes).toEqual(["unsent"]);
  });
});

describe("pace", () => {
  const piece = Buffer.alloc(1024 * 1024, 0x61);
  const pieces = 64;

  /** Writes until the other side's refusal to read has come all the way back. */
  async function writeUntilStuck(write: (chunk: Buffer) => boolean, unsent: () => number): Promise<number> {
    for (let sent = 0; sent < pieces; sent += 1) write(piece);
    // What is unsent stops shrinking once every buffer on the way is full.
    let before = -1;
    await vi.waitFor(
      () => {
        const now = unsent();
        const settled = now === before;
        before = now;
        expect(settled).toBe(true);
      },
      { interval: 200, timeout: 15_000 },
    );
    return before;
  }

  it("of a slow client holds back the model's server", async () => {
    const { server, client } = await connectBoth();
    client.socket.pause();
    client.send(plainRequest);
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    upstream.send(`HTTP/1.1 200 OK\r\nContent-Length: ${pieces * piece.length}\r\n\r\n`);
    const left = await writeUntilStuck(
      (chunk) => upstream.socket.write(chunk),
      () => upstream.socket.writableLength,
    );
    expect(left).toBeGreaterThan((pieces * piece.length) / 2);
  });

  it("of a slow model holds back the client's upload", async () => {
    const { server, client } = await connectBoth();
    client.send(`POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: ${pieces * piece.length}\r\n\r\n`);
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    upstream.socket.pause();
    const left = await writeUntilStuck(
      (chunk) => client.socket.write(chunk),
      () => client.socket.writableLength,
    );
    expect(left).toBeGreaterThan((pieces * piece.length) / 2);
  });
});
