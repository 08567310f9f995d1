import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { noted } from "../support/calls.ts";
import { exchange, request } from "../support/raw.ts";
import type { Target } from "../support/target.ts";

const upgrade = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

export function defineWebSocket(target: () => Target): void {
  const connect = (path: string) => new WebSocket(target().url.replace("http", "ws") + path);

  describe("WebSockets", () => {
    it.each([
      "/v1/websocket",
      "/websocket",
      "/environments/production/websocket",
      "/development/websocket",
      "/deployment/d1/websocket",
      "/environments/production/sync/v1/websocket",
      // Where Baseten's nginx brings it, when the model has a predict or a chat_completions too.
      "/predict",
      "/v1/chat/completions",
    ])("T146 %s echoes text and bytes", async (path) => {
      const socket = connect(`${path}?do=echo`);
      await once(socket, "open");
      expect(await say(socket, "hi")).toEqual(["echo hi", false]);
      expect(await say(socket, Buffer.from([1, 0, 255]))).toEqual([Buffer.from([1, 0, 255]), true]);
      socket.close(4002);
      await once(socket, "close");
    });

    it("tells the request's id with the handshake", async () => {
      const url = `${target().url.replace("http", "ws")}/v1/websocket?do=return`;
      const socket = new WebSocket(url, { headers: { "x-request-id": "mine" } });
      const [answer] = (await once(socket, "upgrade")) as [{ headers: Record<string, unknown> }];
      expect([answer.headers["x-request-id"], answer.headers["request-id"]]).toEqual(["mine", "mine"]);
      await once(socket, "close");
    });

    it.each([
      ["T147", "return", 1000, ""],
      ["T148", "throw", 1011, "Internal Server Error (in model/chainlet)."],
      ["T149", "close", 4001, "enough"],
    ])("%s the method %ss", async (_number, mode, code, reason) => {
      expect(await closing(connect(`/v1/websocket?do=${mode}`))).toEqual([code, reason]);
    });

    it("T151 a message above 100 MiB closes 1009, one of 99 MiB passes", async () => {
      const socket = connect("/v1/websocket?do=large");
      await once(socket, "open");
      const [answer] = await say(socket, Buffer.alloc(99 * 1024 * 1024));
      expect((answer as Buffer).byteLength).toBe(99 * 1024 * 1024);
      const closed = closing(socket);
      socket.on("error", () => undefined);
      socket.send(Buffer.alloc(100 * 1024 * 1024 + 1));
      expect((await closed)[0]).toBe(1009);
    });

    it("a client that leaves aborts the request's signal", async () => {
      const socket = connect("/v1/websocket?do=leaver");
      await noted(target(), "socket:leaver");
      socket.terminate();
      await noted(target(), "socket-gone:leaver:true");
    });

    it.each(["/v1/models", "/v1/websockets", "/environments/production/elsewhere"])(
      "T153 an upgrade on %s is 404",
      async (path) => {
        const answer = await exchange(portOf(target()), request("GET", path, undefined, upgrade));
        expect(answer).toMatch(/^HTTP\/1\.1 404 /);
        expect(answer).toContain('{"error":');
      },
    );

    it("a plain GET is told to upgrade", async () => {
      const response = await target().fetch("/v1/websocket");
      expect(response.status).toBe(426);
      expect(response.headers.get("upgrade")).toBe("websocket");
    });
  });
}

/** A class with nothing but a `websocket` method, pinged often. */
export function defineWebSocketOnly(target: () => Target): void {
  const connect = () => new WebSocket(`${target().url.replace("http", "ws")}/v1/websocket`, { autoPong: false });

  describe("a model with websocket only", () => {
    it("T154 is pinged at the interval, and let go when it does not answer", async () => {
      const socket = connect();
      await once(socket, "ping");
      expect((await closing(socket))[0]).toBe(1006);
    });

    it("T154 stays while it answers", async () => {
      const socket = connect();
      for (let pings = 0; pings < 8; pings += 1) {
        await once(socket, "ping");
        socket.pong();
      }
      expect(socket.readyState).toBe(WebSocket.OPEN);
      socket.close();
      await once(socket, "close");
    });

    it("T128 has no /predict: 404", async () => {
      expect((await target().fetch("/predict", { method: "POST", body: "{}" })).status).toBe(404);
    });
  });
}

/** A class without the method. */
export function defineNoWebSocket(target: () => Target): void {
  it("T150 no such method: accepted, then closed 1003", async () => {
    const socket = new WebSocket(`${target().url.replace("http", "ws")}/v1/websocket`);
    expect(await closing(socket)).toEqual([1003, "WebSocket is not implemented on this deployment."]);
  });
}

export function portOf(target: Target): number {
  return Number(new URL(target.url).port);
}

export async function closing(socket: WebSocket): Promise<[number, string]> {
  const [code, reason] = (await once(socket, "close")) as [number, Buffer];
  return [code, String(reason)];
}

async function say(socket: WebSocket, message: string | Buffer): Promise<[unknown, boolean]> {
  const answer = once(socket, "message");
  socket.send(message);
  const [data, isBinary] = (await answer) as [Buffer, boolean];
  return [isBinary ? data : String(data), isBinary];
}

export function once(socket: WebSocket, event: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    socket.once(event, (...values: unknown[]) => resolve(values));
    if (event !== "close") socket.once("error", reject);
    if (event !== "close") socket.once("close", (code: number) => reject(new Error(`closed ${code} before ${event}`)));
  });
}
