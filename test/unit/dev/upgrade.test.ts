import { describe, expect, it, vi } from "vitest";
import { connectBoth } from "./sockets.ts";

describe("an upgrade", () => {
  const handshake =
    "GET /v1/websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nconnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n";
  const accepted =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Request-Id: r1\r\n\r\n";

  it("passes the handshake and then every byte both ways", async () => {
    const { server, proxy, client } = await connectBoth();
    client.send(`${handshake}early`);
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    upstream.send(`${accepted}hi`);
    expect(await client.until("hi")).toBe(`${accepted}hi`);
    expect(await upstream.until("early")).toBe(`${handshake}early`);
    client.send("\u0000\u00ff");
    await upstream.until("\u0000\u00ff");
    expect(proxy.heads).toEqual([{ status: 101, requestId: "r1" }]);
    client.socket.destroy();
    await upstream.closed;
    await vi.waitFor(() => expect(proxy.outcomes).toEqual(["done"]));
  });

  it("ends at the client when the model's server ends it", async () => {
    const { server, client } = await connectBoth();
    client.send(handshake);
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    upstream.send(accepted);
    await client.until("101");
    upstream.socket.destroy();
    await client.closed;
  });

  it("passes a refusal", async () => {
    const { server, client } = await connectBoth();
    client.send(handshake);
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    upstream.send("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno");
    await client.closed;
    expect(client.text()).toMatch(/^HTTP\/1\.1 404 Not Found\r\n.*\r\n\r\nno$/s);
  });
});
