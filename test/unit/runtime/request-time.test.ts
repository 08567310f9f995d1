import { once } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { gate, openOneSlot, until } from "./one-slot.ts";

describe("a client that does not read", () => {
  const bound = 64 * 1024 * 1024;
  const piece = Buffer.alloc(64 * 1024, "x");

  it.each(["a generator", "a Response", "a Response of a generator"])("stops %s that has no end", async (what) => {
    let made = 0;
    const pieces = async function* () {
      for (;;) {
        made += piece.byteLength;
        if (made > bound) await new Promise(() => undefined);
        yield piece;
      }
    };
    const { send, running, idle } = await openOneSlot(
      class {
        predict() {
          if (what === "a generator") return pieces();
          if (what === "a Response of a generator") return new Response(ReadableStream.from(pieces()));
          const body = new ReadableStream({
            pull(controller) {
              made += piece.byteLength;
              if (made <= bound) controller.enqueue(piece);
            },
          });
          return new Response(body);
        }
      },
    );
    const client = await send(false);
    await running();
    let before = -1;
    await until(() => {
      const stands = made === before && made > 0;
      before = made;
      return stands;
    }, 200);
    // What the buffers of two sockets take; the rest of what has no end was not made.
    expect(made).toBeLessThan(bound);
    client.socket.destroy();
    await idle();
  });

  it("loses its connection, and the slot, when the request's time is over", async () => {
    const ended = gate();
    const { send, running, idle, server } = await openOneSlot(
      class {
        async *predict() {
          try {
            for (;;) yield piece;
          } finally {
            ended.go();
          }
        }
      },
      { app: { requestTimeoutMs: 200 } },
    );
    await send(false);
    await running();
    await ended.opened;
    await idle();
    await until(() => server.inFlight === 0);
  });

  it("loses a plain answer too", async () => {
    const { send, server, idle } = await openOneSlot(
      class {
        predict() {
          return "x".repeat(bound);
        }
      },
      { app: { requestTimeoutMs: 200 } },
    );
    await send(false);
    await until(() => server.inFlight === 1);
    await idle();
    await until(() => server.inFlight === 0);
  });
});

it("a body that is not whole when the request's time is over is a 408, and never reaches the model", async () => {
  const predict = vi.fn();
  const { ask } = await openOneSlot(
    class {
      predict() {
        predict();
      }
    },
    { app: { requestTimeoutMs: 100 } },
  );
  const head = [
    "POST /v1/messages HTTP/1.1",
    "Host: x",
    "Content-Length: 100",
    "Content-Type: application/json",
    "",
    "",
  ];
  expect(await ask(`${head.join("\r\n")}{`.replace("/v1/messages", "/predict"))).toMatch(
    /^HTTP\/1\.1 408 [^]*runtime\.request_timeout/,
  );
  expect(predict).not.toHaveBeenCalled();
});

it("an answer that is whole in time leaves the signal alone", async () => {
  const signals: AbortSignal[] = [];
  const { send, idle } = await openOneSlot(
    class {
      async predict(_input: unknown, { signal }: Request) {
        signals.push(signal);
        if (signals.length === 2) await once(signal, "abort");
        return "whole";
      }
    },
    { app: { requestTimeoutMs: 100 } },
  );
  const client = await send();
  await until(() => client.text().includes("whole"));
  // Its time is over later than that of the first would have been.
  const second = await send();
  await until(() => second.text().includes("504"));
  await idle();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
  expect(client.closed()).toBe(false);
});
