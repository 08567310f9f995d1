import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { bytesOf } from "./model-server.ts";
import { gate, openOneSlot, until } from "./one-slot.ts";

describe("WebSockets", () => {
  const handshake = (...headers: string[]) =>
    bytesOf(
      "GET",
      "/v1/websocket",
      "",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      ...headers,
    );
  const good = handshake("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");

  const opening = (queue = {}) => {
    const { opened, go } = gate();
    const begun: string[] = [];
    class Model {
      predict() {
        begun.push("predict");
      }
      async websocket(socket: WebSocket) {
        begun.push("websocket");
        await Promise.race([once(socket, "close"), opened]);
      }
    }
    return openOneSlot(Model, { queue }).then((server) => ({ ...server, go, begun }));
  };

  it("hold a slot for as long as the method runs", async () => {
    const { connect, send, running, idle, slots, begun } = await opening();
    const client = await connect();
    client.socket.write(good);
    await running();
    await until(() => client.text().includes("101 Switching Protocols"));
    const waiting = await send();
    await until(() => slots.waiting === 1);
    expect(begun).toEqual(["websocket"]);
    client.socket.destroy();
    await until(() => waiting.text().includes("200 OK"));
    await idle();
  });

  it("wait for one as all others do, and talk then", async () => {
    const { connect, running, idle, slots, go, begun } = await opening();
    const first = await connect();
    first.socket.write(good);
    await running();
    const second = await connect();
    second.socket.write(good);
    await until(() => slots.waiting === 1);
    expect(second.text()).toBe("");
    first.socket.destroy();
    await until(() => second.text().includes("101 Switching Protocols"));
    go();
    // The close frame: 1000.
    await until(() => second.text().includes("\x88\x02\x03\xe8"));
    await idle();
    expect(begun).toEqual(["websocket", "websocket"]);
  });

  it("are refused with 429 where nobody may wait", async () => {
    const { connect, ask, running, idle } = await opening({ maxQueue: 0 });
    const first = await connect();
    first.socket.write(good);
    await running();
    expect(await ask(good)).toMatch(/^HTTP\/1\.1 429 [^]*\r\nRetry-After: 1\r\n[^]*\{"error":"The model is busy/);
    first.socket.destroy();
    await idle();
  });

  it.each(["ends", "breaks"])("whose client's connection %s in the queue are never run", async (how) => {
    const { connect, running, idle, slots, begun } = await opening();
    const first = await connect();
    first.socket.write(good);
    await running();
    const second = await connect();
    second.socket.write(good);
    await until(() => slots.waiting === 1);
    if (how === "ends") second.socket.end();
    else second.socket.resetAndDestroy();
    await until(() => slots.waiting === 0);
    first.socket.destroy();
    await idle();
    expect(begun).toEqual(["websocket"]);
  });

  it("whose handshake is no good give their slot back", async () => {
    const { ask, idle } = await opening();
    expect(await ask(handshake("Sec-WebSocket-Key: short"))).toMatch(/^HTTP\/1\.1 400 /);
    await idle();
  });
});
