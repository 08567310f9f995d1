import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { createTestModel } from "../../../src/testing.ts";
import { gate, openOneSlot, until } from "./one-slot.ts";

describe("a slot is held until the work has ended, and no longer", () => {
  it("by a method whose client has left, until it returns", async () => {
    const { opened, go } = gate();
    const { send, running, idle, slots } = await openOneSlot(
      class {
        async predict(_input: unknown, { signal }: Request) {
          await once(signal, "abort");
          await opened;
        }
      },
    );
    const client = await send();
    await running();
    client.socket.destroy();
    const next = await send();
    await until(() => slots.waiting === 1);
    next.socket.destroy();
    await until(() => slots.waiting === 0);
    expect(slots.running).toBe(1);
    go();
    await idle();
  });

  it.each(["before", "after"])("by a generator whose return() takes its time, %s its first item", async (when) => {
    const { opened, go } = gate();
    const ending = gate();
    const { send, running, idle, slots } = await openOneSlot(
      class {
        async *predict(_input: unknown, { signal }: Request) {
          try {
            if (when === "after") yield "first";
            await once(signal, "abort");
            yield "never";
          } finally {
            ending.go();
            await opened;
          }
        }
      },
    );
    const client = await send();
    await running();
    if (when === "after") await until(() => client.text().includes("first"));
    client.socket.destroy();
    await ending.opened;
    expect(slots.running).toBe(1);
    go();
    await idle();
  });

  it("by an iterator that cannot be stopped, until it is done with its item", async () => {
    const { opened, go } = gate();
    const { send, running, idle, slots } = await openOneSlot(
      class {
        predict(_input: unknown, { signal }: Request) {
          let made = 0;
          const next = async () => {
            made += 1;
            if (made === 1) return { done: false, value: "first" };
            await once(signal, "abort");
            await opened;
            return { done: false, value: "for nobody" };
          };
          return { [Symbol.asyncIterator]: () => ({ next }) };
        }
      },
    );
    const client = await send();
    await running();
    await until(() => client.text().includes("first"));
    client.socket.destroy();
    const other = await send();
    await until(() => slots.waiting === 1);
    expect(slots.running).toBe(1);
    go();
    await until(() => other.text().includes("first"));
    other.socket.destroy();
    await idle();
  });

  it.each(["throws", "rejects", "throws first", "throws later", "refuses to be iterated"])(
    "by a method that %s",
    async (how) => {
      const fail = () => {
        throw new Error("inside");
      };
      const { send, idle, slots } = await openOneSlot(
        class {
          predict() {
            if (how === "throws") fail();
            if (how === "rejects") return Promise.reject(new Error("inside"));
            if (how === "refuses to be iterated") return { [Symbol.asyncIterator]: fail };
            return (async function* () {
              if (how === "throws later") yield "first";
              fail();
            })();
          }
        },
      );
      const client = await send();
      await until(() => client.text().includes("500") || client.closed());
      await idle();
      expect(slots.waiting).toBe(0);
    },
  );

  it.each(["a stream", "a Response"])("by %s that comes when its client has left: it is not begun", async (what) => {
    const { opened, go } = gate();
    let begun = false;
    let cancelled = false;
    const { send, running, idle } = await openOneSlot(
      class {
        async predict(_input: unknown, { signal }: Request) {
          await once(signal, "abort");
          await opened;
          if (what === "a Response") {
            const body = new ReadableStream(
              {
                pull: () => void (begun = true),
                cancel: () => void (cancelled = true),
              },
              { highWaterMark: 0 },
            );
            return new Response(body);
          }
          return (async function* () {
            begun = true;
            yield "item";
          })();
        }
      },
    );
    const client = await send();
    await running();
    client.socket.destroy();
    go();
    await idle();
    expect([begun, cancelled]).toEqual([false, what === "a Response"]);
  });

  it("by a Response whose body is still being read, and whose cancel() takes its time", async () => {
    const { opened, go } = gate();
    const cancelling = gate();
    const { send, running, idle, slots } = await openOneSlot(
      class {
        predict() {
          const body = new ReadableStream({
            pull: (controller) => controller.enqueue(Buffer.from("piece")),
            async cancel() {
              cancelling.go();
              await opened;
            },
          });
          return new Response(body);
        }
      },
    );
    const client = await send();
    await running();
    await until(() => client.text().includes("piece"));
    expect(slots.running).toBe(1);
    client.socket.destroy();
    await cancelling.opened;
    expect(slots.running).toBe(1);
    go();
    await idle();
  });

  it("in process too, where nobody reads a Response to its end", async () => {
    let cancelled = false;
    class Model {
      predict() {
        return new Response(new ReadableStream({ cancel: () => void (cancelled = true) }));
      }
    }
    const tested = await createTestModel(Model, { config: { runtime: { predict_concurrency: 1 } } });
    const leaving = new AbortController();
    const response = await tested.post("/predict", {}, { signal: leaving.signal });
    const read = response.text().then(
      () => "whole",
      (error: unknown) => (error as Error).name,
    );
    leaving.abort();
    expect([await read, cancelled]).toEqual(["AbortError", true]);
    const next = new AbortController();
    expect((await tested.post("/predict", {}, { signal: next.signal })).status).toBe(200);
    next.abort();
  });
});
