import { describe, expect, it } from "vitest";
import { startFront } from "./front-server.ts";
import { openWire } from "./sockets.ts";

describe("the playground", () => {
  async function ask(headers: Record<string, string>, path = "/_truss/", method = "GET") {
    const { front, events } = await startFront();
    const client = await openWire(front.port);
    const lines = Object.entries({ connection: "close", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    client.send(`${method} ${path} HTTP/1.1\r\n${lines.join("")}content-length: 0\r\n\r\n`);
    await client.closed;
    expect(events).toEqual([]);
    return client.text();
  }

  it.each(["localhost:1", "127.0.0.1", "[::1]:8080", "app.localhost", "LOCALHOST"])("answers %s", async (host) => {
    const text = await ask({ host });
    expect(text).toMatch(/^HTTP\/1\.1 200 .*p&#60;1&#62;.*\/predict/s);
    expect(text).not.toMatch(/access-control/i);
  });

  it.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "notlocalhost",
    "10.0.0.1:8080",
    "a@localhost",
  ])("refuses %s", async (host) => {
    expect(await ask({ host })).toMatch(/^HTTP\/1\.1 403 /);
  });

  it("refuses a post from another site, and only that", async () => {
    const host = "localhost:1";
    expect(await ask({ host, origin: "https://evil.example" }, "/_truss/", "POST")).toMatch(/^HTTP\/1\.1 403 /);
    expect(await ask({ host, origin: "null" }, "/_truss/", "POST")).toMatch(/^HTTP\/1\.1 403 /);
    expect(await ask({ host, origin: "http://localhost:1" }, "/_truss/", "POST")).toMatch(
      /^HTTP\/1\.1 405 .*allow: GET, HEAD/is,
    );
    expect(await ask({ host }, "/_truss/nothing")).toMatch(/^HTTP\/1\.1 404 /);
  });
});

describe("the port", () => {
  it("moves on when it is taken", async () => {
    const { front } = await startFront();
    const { front: second } = await startFront({ port: front.port });
    expect(second.port).not.toBe(front.port);
  });

  it("is insisted on when that is asked for", async () => {
    const { front } = await startFront();
    const error = { code: "PORT_IN_USE", exitCode: 1, message: expect.stringContaining(String(front.port)) };
    await expect(startFront({ port: front.port, strictPort: true })).rejects.toMatchObject(error);
  });

  it("on an address of nobody is refused with words", async () => {
    await expect(startFront({ host: "203.0.113.7" })).rejects.toMatchObject({ code: "HOST_INVALID" });
  });
});
