import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type OpenedServer, bytesOf, openModelServer } from "./model-server.ts";

let model: OpenedServer;
beforeEach(async () => {
  model = await openModelServer(
    class {
      predict(input: unknown, request: Request) {
        return { input, upgrade: request.headers.get("upgrade"), connection: request.headers.get("connection") };
      }
    },
  );
});
afterEach(() => model.close());

const wish = ["Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__", "Content-Type: application/json"];

describe("a wish for another protocol", () => {
  it("is ignored: the request is answered", async () => {
    const client = await model.connect();
    client.socket.write(bytesOf("POST", "/predict", '"a"', "Connection: Upgrade, HTTP2-Settings", ...wish));
    await vi.waitUntil(() => client.text().endsWith('{"input":"a","upgrade":null,"connection":null}'));
    client.socket.write(bytesOf("POST", "/predict", '"b"', "Connection: Upgrade", ...wish));
    await vi.waitUntil(() => client.text().includes('"b"'));
    expect(client.text().match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200"]);
  });

  it("is ignored with a body in pieces, and with the connection's end", async () => {
    const client = await model.connect();
    const body = JSON.stringify("x".repeat(100_000));
    const bytes = bytesOf("POST", "/predict", body, "Connection: Upgrade, close", ...wish);
    for (let at = 0; at < bytes.length; at += 30_000) {
      client.socket.write(bytes.slice(at, at + 30_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await vi.waitUntil(() => client.closed());
    expect(client.text()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(client.text()).toContain('"connection":"close"');
  });

  it.each(["h2c, websocket", "TLS/1.0", "websocket/13"])("Upgrade: %s", async (protocol) => {
    const answer = await model.ask(
      bytesOf("GET", "/nothing", "", "Connection: Upgrade", `Upgrade: ${protocol}`) +
        bytesOf("GET", "/", "", "Connection: close"),
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 404", "HTTP/1.1 200"]);
    expect(answer).toContain("There is nothing at /nothing");
  });

  it("a WebSocket elsewhere is still refused", async () => {
    const answer = await model.ask(bytesOf("GET", "/elsewhere", "", "Connection: Upgrade", "Upgrade: websocket"));
    expect(answer).toMatch(/^HTTP\/1\.1 404 [^]*There is no WebSocket at \/elsewhere/);
    const [, id] = /\r\nx-request-id: (\S+)\r\n/.exec(answer) ?? [];
    expect(answer).toContain(`\r\nrequest-id: ${id}\r\n`);
  });
});
