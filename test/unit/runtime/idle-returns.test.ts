import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createIdleReturns } from "../../../src/runtime/idle-returns.ts";
import { type RawClient, listenRaw } from "./sockets.ts";

let returned: Socket[];
let door: Awaited<ReturnType<typeof listenRaw>>;
let answers: ((text: string) => void)[];

beforeEach(async () => {
  returned = [];
  answers = [];
  const idle = createIdleReturns((socket) => void returned.push(socket), 200);
  const server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    idle.busy(incoming);
    outgoing.on("close", () => idle.free(incoming));
    incoming.resume();
    if (incoming.url === "/held") answers.push((text) => outgoing.end(text));
    else outgoing.end(`<${String(incoming.url)}>`);
  });
  door = await listenRaw((socket) => void server.emit("connection", socket));
});
afterEach(() => {
  for (const socket of returned) socket.destroy();
  door.close();
});

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const answered = (client: RawClient, path: string) =>
  vi.waitUntil(() => client.text().includes(`<${path}>`), { interval: 2 });

/** A whole further connection: opened, answered and rested long enough to be returned. */
async function another(): Promise<void> {
  const before = returned.length;
  const client = await door.connect();
  client.socket.write(get("/other"));
  await vi.waitUntil(() => returned.length > before);
}

describe("idle connections", () => {
  it("are given back after their rest, and read no more", async () => {
    const client = await door.connect();
    client.socket.write(get("/a"));
    await answered(client, "/a");
    await vi.waitUntil(() => returned.length === 1);
    const [socket] = returned;
    const before = socket?.bytesRead;
    client.socket.write(get("/lost"));
    await another();
    expect(socket?.bytesRead).toBe(before);
    expect(client.text()).not.toContain("/lost");
  });

  it("have no timer of the server that they leave, since it acts on a connection of that server alone", async () => {
    const client = await door.connect();
    client.socket.write(get("/a"));
    await vi.waitUntil(() => returned.length === 1);
    expect(returned[0]?.timeout).toBe(0);
  });

  it("are kept while a client is in full swing", async () => {
    const client = await door.connect();
    for (let round = 0; round < 20; round += 1) {
      client.socket.write(get(`/${round}`));
      await answered(client, `/${round}`);
    }
    expect(returned).toEqual([]);
  });

  it("are kept while an answer runs, and one behind it", async () => {
    const client = await door.connect();
    client.socket.write(get("/held") + get("/held") + get("/c"));
    await vi.waitUntil(() => answers.length === 2);
    await another();
    answers[0]?.("first");
    await vi.waitUntil(() => client.text().includes("first"));
    await another();
    expect(returned).toHaveLength(2);
    answers[1]?.("second");
    await answered(client, "/c");
    await vi.waitUntil(() => returned.length === 3);
  });

  it.each(["G", "GET /second HTTP/1.1\r\nHost:", "\r\nGET"])(
    "are kept when a part of the next request (%j) was read with the one before",
    async (part) => {
      const rest = "\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n".slice(
        part.startsWith("\r\n") ? part.length : part.length + 2,
      );
      const client = await door.connect();
      client.socket.write(get("/first") + part);
      await answered(client, "/first");
      await another();
      await another();
      expect(returned).toHaveLength(2);
      client.socket.write(rest);
      await answered(client, "/second");
      // An empty line before a request is allowed, and no part of its size: such a connection stays for good.
      if (part.startsWith("\r\n")) return;
      await vi.waitUntil(() => returned.length === 3);
    },
  );

  it("are kept when a part of the next request comes during the rest", async () => {
    const client = await door.connect();
    client.socket.write(get("/first"));
    await answered(client, "/first");
    client.socket.write("GET /sec");
    await another();
    client.socket.write("ond HTTP/1.1\r\nHost: x\r\n\r\n");
    await answered(client, "/second");
  });

  it("are not given back when their client has left", async () => {
    const client = await door.connect();
    client.socket.write(get("/a"));
    await answered(client, "/a");
    client.socket.destroy();
    await once(client.socket, "close");
    await another();
    expect(returned.filter((socket) => socket.destroyed)).toEqual([]);
    expect(returned).toHaveLength(1);
  });

  it("are kept when the size of a request is not known", async () => {
    const client = await door.connect();
    client.socket.write("POST /chunks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
    await answered(client, "/chunks");
    await another();
    expect(returned).toHaveLength(1);
    client.socket.write(get("/next"));
    await answered(client, "/next");
  });

  it("are given back after a request with a body", async () => {
    const client = await door.connect();
    client.socket.write('POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n{"a":1}');
    await answered(client, "/body");
    await vi.waitUntil(() => returned.length === 1);
  });
});
