import { once } from "node:events";
import { Agent, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createDeferred } from "../../../src/dev/deferred.ts";
import type { Serving } from "../../../src/dev/gate.ts";
import { startFront } from "./front-server.ts";
import { openWire, receipt, startRawServer } from "./sockets.ts";

/** A generation that is only a port, and a life that a test ends. */
function createServing(port: number): Serving & { die: () => void; active: () => number } {
  const ended = createDeferred<string>();
  let [alive, active] = [true, 0];
  return {
    port,
    agent: new Agent({ keepAlive: true }),
    get alive() {
      return alive;
    },
    ended: ended.promise,
    enter: () => {
      active += 1;
      let left = false;
      return () => {
        if (!left) active -= 1;
        left = true;
      };
    },
    active: () => active,
    die: () => {
      alive = false;
      ended.resolve("exit code 1");
    },
  };
}

function okAnswer(text: string): string {
  return `HTTP/1.1 200 OK\r\nx-request-id: from-model\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}

describe("while no model is ready", () => {
  it("liveness is 200, readiness 503", async () => {
    const { url } = await startFront();
    for (const path of ["/", "/health/live"]) {
      const answer = await fetch(url + path);
      expect([answer.status, await answer.json()]).toEqual([200, true]);
    }
    expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
    for (const path of ["/v1/models/model", "/v1/models/model/loaded", "/ping", "/health/ready"]) {
      const answer = await fetch(url + path);
      expect([answer.status, await answer.json()]).toEqual([503, { error: "Model with name model is not ready." }]);
      expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
    }
  });

  it("a request waits for it, body and all", async () => {
    const { url, gate } = await startFront();
    const server = await startRawServer();
    const answer = fetch(`${url}/predict`, { method: "POST", body: "later" });
    setImmediate(() => gate.open(createServing(server.port)));
    const upstream = await server.accept();
    await upstream.until("later");
    upstream.send(okAnswer("now"));
    expect(await (await answer).text()).toBe("now");
  });

  it("a request waits only so long, and is told when to come again in its family's shape", async () => {
    const { url } = await startFront({ waitMs: 1 });
    const answer = await fetch(`${url}/v1/chat/completions`, { method: "POST", body: "{}" });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(await answer.json()).toMatchObject({ error: { message: "Model with name model is not ready." } });
  });

  it("a request is told at once when the model is known to be broken", async () => {
    const { url, gate } = await startFront();
    gate.fail({ code: "BUILD_FAILED", message: "Expected ;" });
    const answer = await fetch(`${url}/predict`, { method: "POST" });
    expect([answer.status, await answer.json()]).toEqual([503, { error: "Expected ;" }]);
  });

  it("a client that leaves is forgotten", async () => {
    const { front, events } = await startFront();
    const client = await openWire(front.port);
    client.send("POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    await vi.waitFor(() => expect(front.inFlight).toBe(1));
    client.socket.destroy();
    await vi.waitFor(() => expect(events).toMatchObject([{ event: "request", path: "/predict", status: 499 }]));
    expect(front.inFlight).toBe(0);
  });

  it("a WebSocket waits as well, and gets 503 when all is over", async () => {
    const { front, gate } = await startFront();
    const client = await openWire(front.port);
    client.send("GET /v1/websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    await vi.waitFor(() => expect(front.inFlight).toBe(1));
    gate.shut();
    await client.closed;
    expect(client.text()).toMatch(/^HTTP\/1\.1 503 /);
  });
});

describe("when the serving process dies", () => {
  it("a request that finds nobody waits for the next one, and is sent once", async () => {
    const { url, gate } = await startFront();
    const gone = await startRawServer();
    gone.close();
    const dead = createServing(gone.port);
    gate.open(dead);
    const answer = fetch(`${url}/predict`, { method: "POST", body: "kept" });
    const next = await startRawServer();
    setImmediate(() => {
      dead.die();
      gate.open(createServing(next.port));
    });
    const upstream = await next.accept();
    await upstream.until("kept");
    upstream.send(okAnswer("back"));
    expect(await (await answer).text()).toBe("back");
    expect(dead.active()).toBe(0);
  });

  it("a request that it did not take goes to the next one, whatever its size", async () => {
    const { url, gate } = await startFront();
    const old = await startRawServer({ receipts: false });
    const dying = createServing(old.port);
    gate.open(dying);
    const body = "x".repeat(300_000);
    const answer = fetch(`${url}/predict`, { method: "POST", body });
    const wire = await old.accept();
    await wire.until("\r\n\r\n");
    const young = await startRawServer();
    old.close();
    dying.die();
    gate.open(createServing(young.port));
    const upstream = await young.accept();
    await upstream.until(body);
    upstream.send(okAnswer("taken"));
    expect(await (await answer).text()).toBe("taken");
    expect([wire.text().endsWith("\r\n\r\n"), dying.active()]).toEqual([true, 0]);
  });

  it("a request whose connection had grown old gets another one of the same process", async () => {
    const { url, gate } = await startFront();
    const server = await startRawServer({ receipts: false });
    gate.open(createServing(server.port));
    const answer = fetch(`${url}/predict`, { method: "POST", body: "again" });
    const stale = await server.accept();
    await stale.until("\r\n\r\n");
    stale.socket.destroy();
    const pulse = await server.accept();
    await pulse.until("GET / ");
    pulse.send(okAnswer("true"));
    const fresh = await server.accept();
    await fresh.until("\r\n\r\n");
    fresh.send(receipt);
    await fresh.until("again");
    fresh.send(okAnswer("yes"));
    expect(await (await answer).text()).toBe("yes");
  });

  it("a process that lives and never takes a request is not asked for ever", async () => {
    const { url, gate } = await startFront();
    const server = createServer((incoming, outgoing) => {
      if (incoming.url === "/") outgoing.end("true");
      else incoming.socket.destroy();
    });
    onTestFinished(() => void server.close());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    gate.open(createServing((server.address() as AddressInfo).port));
    expect((await fetch(`${url}/predict`, { method: "POST", body: "x" })).status).toBe(502);
  });

  it("the request that was running gets 502", async () => {
    const { url, gate } = await startFront();
    const server = await startRawServer();
    gate.open(createServing(server.port));
    const answer = fetch(`${url}/predict`, { method: "POST", body: "x" });
    const upstream = await server.accept();
    await upstream.until("x");
    upstream.socket.destroy();
    expect((await answer).status).toBe(502);
  });
});

describe("a request", () => {
  it("is reported once, with the answer's id, when the answer has ended", async () => {
    const { url, gate, events } = await startFront();
    const server = await startRawServer();
    const serving = createServing(server.port);
    gate.open(serving);
    const answer = fetch(`${url}/predict?secret=1`, { method: "POST", body: "x" });
    const upstream = await server.accept();
    await upstream.until("x");
    expect(serving.active()).toBe(1);
    upstream.send(okAnswer("yes"));
    await (await answer).text();
    await vi.waitFor(() => expect(events).toHaveLength(1));
    expect(events[0]).toEqual({
      event: "request",
      request_id: "from-model",
      method: "POST",
      path: "/predict",
      status: 200,
      ms: expect.any(Number),
    });
    expect(serving.active()).toBe(0);
  });

  it("stays with its generation when another takes over", async () => {
    const { url, gate } = await startFront();
    const [old, young] = [await startRawServer(), await startRawServer()];
    gate.open(createServing(old.port));
    const first = fetch(`${url}/predict`, { method: "POST", body: "x" });
    const oldWire = await old.accept();
    await oldWire.until("x");
    gate.open(createServing(young.port));
    const second = fetch(`${url}/predict`, { method: "POST", body: "x" });
    const youngWire = await young.accept();
    await youngWire.until("x");
    youngWire.send(okAnswer("new"));
    oldWire.send(okAnswer("old"));
    expect([await (await first).text(), await (await second).text()]).toEqual(["old", "new"]);
  });

  it("that asks for a protocol nobody speaks is an ordinary one", async () => {
    const { front, gate } = await startFront();
    const server = await startRawServer();
    gate.open(createServing(server.port));
    const client = await openWire(front.port);
    client.send(
      "POST /predict HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nContent-Length: 4\r\n\r\nbody",
    );
    const upstream = await server.accept();
    expect(await upstream.until("body")).not.toMatch(/h2c/);
    upstream.send(okAnswer("plain"));
    expect(await client.until("plain")).toMatch(/^HTTP\/1\.1 200 /);
  });
});
