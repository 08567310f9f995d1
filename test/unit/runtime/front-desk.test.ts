import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FrontDesk, createFrontDesk } from "../../../src/runtime/front-desk.ts";
import { listenRaw } from "./sockets.ts";

let ready: boolean;
let handed: { socket: Socket; head: string }[];
let desk: FrontDesk;
let door: Awaited<ReturnType<typeof listenRaw>>;

beforeEach(async () => {
  ready = true;
  handed = [];
  desk = createFrontDesk({
    isReady: () => ready,
    handOver: (socket, head) => void handed.push({ socket, head: head.toString("latin1") }),
    headMs: 250,
    restMs: 60,
  });
  door = await listenRaw(desk.receive);
});
afterEach(() => {
  desk.close();
  for (const { socket } of handed) socket.destroy();
  door.close();
});

const send = async (bytes: string) => {
  const client = await door.connect();
  client.socket.write(bytes, "latin1");
  return client;
};
const answered = async (bytes: string) => {
  const client = await send(bytes);
  await vi.waitUntil(() => client.closed());
  return client.text();
};

describe("the front desk", () => {
  it.each(["/", "/health/live", "/?a=1", "/environments/production/sync/"])("answers GET %s itself", async (path) => {
    const answer = await answered(`GET ${path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\ntrue$/);
    expect(answer).toMatch(/\r\nx-request-id: mine\r\n/i);
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
    expect(handed).toEqual([]);
  });

  it("answers HEAD / without a body", async () => {
    expect(await answered("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")).toMatch(/content-length: 4\r\n[^]*\r\n\r\n$/);
  });

  it.each(["/ping", "/v1/models/model", "/v1/models/model/loaded"])(
    "answers %s itself only until the model is ready",
    async (path) => {
      const probe = `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
      ready = false;
      const answer = await answered(probe);
      expect(answer).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: \d+\r\n[^]*Model with name model is not ready\."\}$/);
      ready = true;
      await send(probe);
      await vi.waitUntil(() => handed.length === 1);
      expect(handed[0]?.head).toBe(probe);
    },
  );

  it.each([
    ["a request", "POST /predict HTTP/1.1\r\n"],
    ["its first byte", "P"],
    ["another GET", "GET /predict HTTP/1.1\r\n"],
    ["what begins like a probe", "GET /x HTTP/1.1\r\n"],
    ["no HTTP", "\x16\x03\x01"],
    ["a lower-case verb", "get / HTTP/1.1\r\n\r\n"],
    ["an absolute URL", "GET http://x/ HTTP/1.1\r\n\r\n"],
    ["a path without an end", `GET /${"a".repeat(300)}`],
    ["a probe with another request behind it", "GET / HTTP/1.1\r\nHost: x\r\n\r\nPOST /predict HTTP/1.1\r\n"],
    ["an empty line first", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"],
  ])("hands over %s, every byte of it", async (_what, bytes) => {
    await send(bytes);
    await vi.waitUntil(() => handed.length === 1);
    expect(handed[0]?.head).toBe(bytes);
  });

  it("decides byte by byte, as soon as it can", async () => {
    const client = await door.connect();
    for (const byte of "GET /pre") {
      client.socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(handed).toEqual([]);
    client.socket.write("dict H");
    await vi.waitUntil(() => handed.length === 1);
    expect(handed[0]?.head.startsWith("GET /predict")).toBe(true);
    const probe = await door.connect();
    for (const byte of "GET / HTTP/1.1\r\nHost: x\r\n\r\n") {
      probe.socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await vi.waitUntil(() => probe.text().endsWith("true"));
  });

  it("reads nothing more of a connection that it has handed over", async () => {
    const client = await send("POST /predict HTTP/1.1\r\n");
    await vi.waitUntil(() => handed.length === 1);
    const socket = handed[0]?.socket;
    const before = socket?.bytesRead;
    client.socket.write("Host: x\r\n\r\n");
    // Another connection goes all the way round: the bytes before have arrived by then.
    await answered("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(socket?.bytesRead).toBe(before);
    expect(socket?.listenerCount("data")).toBe(0);
  });

  it("gives a new connection longer for its first byte than one that comes back", async () => {
    const back = await listenRaw(desk.receiveAgain);
    const fresh = await door.connect();
    const resting = await back.connect();
    await vi.waitUntil(() => resting.closed());
    expect(fresh.closed()).toBe(false);
    fresh.socket.write("P");
    await vi.waitUntil(() => handed.length === 1);
    const silent = await door.connect();
    await vi.waitUntil(() => silent.closed());
    back.close();
  });

  it("lets go of a client that leaves before it has asked, and of a half of a request line", async () => {
    for (const bytes of ["", "GE"]) {
      const client = await door.connect();
      client.socket.end(bytes);
      await vi.waitUntil(() => client.closed());
    }
    expect(handed).toEqual([]);
  });

  it.each(["", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])(
    "gives a head its time in all, however it drips: %j",
    async (start) => {
      const client = await send(start);
      const timer = setInterval(
        () =>
          client.socket.write(
            start === "" && client.socket.bytesWritten < 5 ? ("GET /"[client.socket.bytesWritten] ?? "") : "a",
          ),
        20,
      );
      await vi.waitUntil(() => client.closed(), 5_000);
      clearInterval(timer);
      expect(handed).toEqual([]);
      expect(client.text()).toMatch(start === "" ? /^$/ : /^HTTP\/1\.1 408 /);
    },
  );

  it("gives a connection that comes back time for a head, once it has begun one", async () => {
    const back = await listenRaw(desk.receiveAgain);
    const [slow, resting] = [await back.connect(), await back.connect()];
    slow.socket.write("GET /");
    await vi.waitUntil(() => resting.closed());
    expect(slow.closed()).toBe(false);
    slow.socket.write("predict HTTP/1.1\r\n");
    await vi.waitUntil(() => handed.length === 1);
    back.close();
  });

  it("drops a probe without an end when it closes, and what comes back later", async () => {
    const half = await send("GET / HTTP/1.1\r\n");
    await answered("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    desk.close();
    await vi.waitUntil(() => half.closed());
    const late = await door.connect();
    await vi.waitUntil(() => late.closed());
  });

  it("drops what rests when it closes", async () => {
    const client = await send("GET /half");
    await new Promise((resolve) => setImmediate(resolve));
    desk.close();
    await vi.waitUntil(() => client.closed());
  });
});
