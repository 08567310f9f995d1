import { afterEach, describe, expect, it, vi } from "vitest";
import { HttpError } from "../../../src/errors.ts";
import { type OpenedServer, bytesOf, openModelServer } from "./model-server.ts";

let model: OpenedServer | undefined;
afterEach(async () => {
  await model?.close();
  model = undefined;
});

class Model {
  predict(input: unknown) {
    if (input === "hold") return new Promise((resolve) => setTimeout(resolve, 400, "held"));
    if (input === "refuse") throw new HttpError(400, "no");
    return input;
  }
}

type Options = Parameters<typeof openModelServer>[1];
const open = async (options: Options = {}) => (model = await openModelServer(Model, options));
const json = "Content-Type: application/json";
const head = (bytes: number, ...headers: string[]) =>
  ["POST /predict HTTP/1.1", "Host: x", `Content-Length: ${bytes}`, json, ...headers, "", ""].join("\r\n");

describe("slow heads", () => {
  it.each(["", "POST /predict HTTP/1.1\r\nHost: x\r\nX-Slow: "])(
    "end in time, however they drip: %j",
    async (start) => {
      const { connect } = await open({ server: { headMs: 150 } });
      const client = await connect();
      client.socket.write(start);
      const timer = setInterval(() => start !== "" && client.socket.write("a"), 20);
      await vi.waitUntil(() => client.closed(), 5_000);
      clearInterval(timer);
      expect(client.text()).toMatch(/^HTTP\/1\.1 408 /);
    },
  );

  it("do not bound the answer, nor the next request", async () => {
    const { connect } = await open({ server: { headMs: 100 } });
    const client = await connect();
    client.socket.write(bytesOf("POST", "/predict", '"hold"', json));
    await vi.waitUntil(() => client.text().includes("held"));
    client.socket.write(bytesOf("POST", "/predict", '"next"', json));
    await vi.waitUntil(() => client.text().includes("next"));
  });
});

describe("slow bodies", () => {
  it("that fall silent are cut", async () => {
    const { connect, server } = await open({ server: { bodySilenceMs: 100 } });
    const client = await connect();
    client.socket.write(`${head(100)}"abc`);
    await vi.waitUntil(() => client.closed(), 5_000);
    expect(client.text()).toMatch(/^HTTP\/1\.1 408 /);
    await vi.waitUntil(() => server.inFlight === 0);
  });

  it("that keep coming take as long as they take", async () => {
    const { connect } = await open({ server: { bodySilenceMs: 300, headMs: 200 } });
    const client = await connect();
    client.socket.write(head(22));
    for (const byte of JSON.stringify("x".repeat(20))) {
      client.socket.write(byte);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    await vi.waitUntil(() => client.text().includes("xxx"));
    expect(client.text()).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("are not whole requests that run long", async () => {
    const { connect } = await open({ server: { bodySilenceMs: 60 } });
    const client = await connect();
    client.socket.write(bytesOf("POST", "/predict", '"hold"', json));
    await vi.waitUntil(() => client.text().includes("held"));
  });
});

describe("draining", () => {
  it("waits a moment for a body that is still coming, and no longer; a running request is waited for", async () => {
    const { connect, server } = await open({ server: { bodyGraceMs: 150 } });
    const [slow, soon, running] = [await connect(), await connect(), await connect()];
    slow.socket.write(`${head(100)}"`);
    soon.socket.write(`${head(6)}"so`);
    running.socket.write(bytesOf("POST", "/predict", '"hold"', json));
    await vi.waitUntil(() => server.inFlight === 3);
    const drained = server.drain(60_000);
    soon.socket.write('on"');
    await vi.waitUntil(() => soon.text().includes('"soon"'));
    await vi.waitUntil(() => slow.closed());
    expect(slow.text()).not.toContain(" 200 ");
    await drained;
    await vi.waitUntil(() => running.text().includes("held"));
  });

  it("closes what rests, and what has but half a head", async () => {
    const { connect, server } = await open();
    const [resting, half] = [await connect(), await connect()];
    half.socket.write("POST /pre");
    resting.socket.write(bytesOf("POST", "/predict", "1", json));
    await vi.waitUntil(() => resting.text().includes("200 OK"));
    await server.drain(60_000);
    await vi.waitUntil(() => resting.closed() && half.closed());
  });
});

describe("Expect: 100-continue", () => {
  it("is refused where the body is announced as too large", async () => {
    const { connect } = await open({ app: { maxBodyBytes: 10 }, server: { maxBodyBytes: 10 } });
    const client = await connect();
    client.socket.write(head(11, "Expect: 100-continue"));
    await vi.waitUntil(() => client.closed());
    expect(client.text()).toMatch(/^HTTP\/1\.1 413 /);
    expect(client.text()).not.toContain("100 Continue");
  });

  it("is met where it fits", async () => {
    const { connect } = await open({ app: { maxBodyBytes: 10 }, server: { maxBodyBytes: 10 } });
    const client = await connect();
    client.socket.write(head(10, "Expect: 100-continue"));
    await vi.waitUntil(() => client.text().endsWith("100 Continue\r\n\r\n"));
    client.socket.write(JSON.stringify("x".repeat(8)));
    await vi.waitUntil(() => client.text().endsWith('"xxxxxxxx"'));
  });
});
