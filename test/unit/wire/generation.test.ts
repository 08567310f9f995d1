import { describe, expect, it } from "vitest";
import type { GenerationPart, GenerationSource } from "../../../src/wire/generation.ts";
import { createPartReader } from "../../../src/wire/part-reader.ts";
import { readAll, streamEvents } from "../../../src/wire/translate.ts";
import { collect, createStuckGeneration, generate } from "./helpers.ts";

async function read(source: GenerationSource): Promise<GenerationPart[]> {
  const parts: GenerationPart[] = [];
  await readAll(createPartReader(source), (part) => parts.push(part));
  return parts;
}

/** Each part is its own event, between a start and an end. */
function stream(source: GenerationSource) {
  return streamEvents<unknown>(createPartReader(source), {
    start: () => ["start"],
    push: (part) => [part],
    finish: () => ["end"],
  });
}

const hello = [{ type: "text", text: "Hello" }];

describe("what a generation may be", () => {
  it.each<[string, GenerationSource]>([
    ["a string", "Hello"],
    ["a promise of a string", Promise.resolve("Hello")],
    ["an async generator", generate(["Hello"])],
    ["a promise of a generator", Promise.resolve(generate(["Hello"]))],
    ["an array", ["Hello"]],
    ["a set of parts", new Set<GenerationPart>([{ type: "text", text: "Hello" }])],
    ["a web stream", new Blob(["Hello"]).stream().pipeThrough(new TextDecoderStream()) as AsyncIterable<string>],
  ])("%s", async (_, source) => {
    expect(await read(source)).toEqual(hello);
  });

  it("takes a whole string as one piece", async () => {
    expect(await read("Hello, world")).toEqual([{ type: "text", text: "Hello, world" }]);
  });

  it.each([[4], [null], [undefined], [{}], [() => generate([])]])("not %s", async (source) => {
    await expect(read(source as never)).rejects.toThrow(/a generation is a string, or an iterable/);
  });

  it.each([
    [4],
    [null],
    [{}],
    [{ type: "txt", text: "a" }],
    [{ type: "text", text: 4 }],
    [{ type: "tool_call", id: "c", name: "n", arguments: {} }],
    [{ type: "usage", input_tokens: -1, output_tokens: 1 }],
    [{ type: "usage", input_tokens: 1.5, output_tokens: 1 }],
    [{ type: "finish", reason: "end_turn" }],
  ])("refuses the part %j, and ends the generation", async (part) => {
    let ended = false;
    async function* wrong() {
      try {
        yield part as GenerationPart;
      } finally {
        ended = true;
      }
    }
    await expect(read(wrong())).rejects.toThrow(TypeError);
    expect(ended).toBe(true);
  });
});

describe("failures", () => {
  it("passes on what the generation throws", async () => {
    await expect(read(generate(["a"], new Error("broken")))).rejects.toThrow("broken");
    await expect(read(Promise.reject(new Error("no upstream")))).rejects.toThrow("no upstream");
  });

  it("does not end the process for a rejected promise that nobody reads", async () => {
    const rejections: unknown[] = [];
    const listen = (reason: unknown) => rejections.push(reason);
    process.on("unhandledRejection", listen);
    createPartReader(Promise.reject(new Error("unread")));
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", listen);
    expect(rejections).toEqual([]);
  });

  it("does not end the process for a rejected promise in a list whose turn has not come", async () => {
    const rejections: unknown[] = [];
    const listen = (reason: unknown) => rejections.push(reason);
    process.on("unhandledRejection", listen);
    const list = ["a", Promise.reject(new Error("second"))] as unknown as string[];
    const events = stream(list);
    expect(await events.next()).toEqual({ done: false, value: "start" });
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", listen);
    expect(rejections).toEqual([]);
    await events.next();
    await expect(events.next()).rejects.toThrow("second");
  });

  it("throws ahead of the first event when the generation throws ahead of its first part", async () => {
    await expect(stream(generate([], new Error("early"))).next()).rejects.toThrow("early");
  });
});

describe("streamEvents", () => {
  it("yields nothing before the first part", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let settled = false;
    async function* slow() {
      await gate;
      yield "Hello";
    }
    const events = stream(slow());
    const first = events.next().finally(() => (settled = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    release();
    expect(await first).toEqual({ done: false, value: "start" });
  });

  it("yields start and end for a generation without parts", async () => {
    expect(await collect(stream([]))).toEqual(["start", "end"]);
  });

  it("asks for a part only when its events were taken", async () => {
    const pulled: number[] = [];
    function* counted() {
      for (let number = 1; number <= 3; number += 1) {
        pulled.push(number);
        yield `${number}`;
      }
    }
    const events = stream(counted());
    await events.next();
    await events.next();
    expect(pulled).toEqual([1]);
    await events.return?.();
  });

  it.each([0, 1, 2, 3])("ends the generation once when its reader leaves after %i events", async (count) => {
    let returned = 0;
    const inner = generate(["a", "b", "c"]);
    const watched: AsyncIterable<string | GenerationPart> = {
      [Symbol.asyncIterator]: () => ({
        next: () => inner.next(),
        return() {
          returned += 1;
          return inner.return(undefined);
        },
      }),
    };
    const events = stream(watched);
    for (let index = 0; index < count; index += 1) await events.next();
    await events.return?.();
    await events.return?.();
    expect(returned).toBe(1);
    expect(await events.next()).toMatchObject({ done: true });
  });

  it("runs the finally blocks of a generation when a loop over it breaks", async () => {
    let cleaned = false;
    async function* careful() {
      try {
        yield "a";
        yield "b";
      } finally {
        await Promise.resolve();
        cleaned = true;
      }
    }
    for await (const event of stream(careful())) if (event !== "start") break;
    expect(cleaned).toBe(true);
  });

  it("ends a generation at once that is still at work on its next part", async () => {
    const { iterable, state } = createStuckGeneration();
    const events = stream(iterable);
    await events.next();
    await events.next();
    const pending = events.next();
    await state.waiting;
    await events.return?.();
    await pending;
    expect(state.returned).toBe(1);
  });

  it("ends a generation that was promised and comes after its reader left", async () => {
    let deliver: (generation: AsyncIterable<string>) => void = () => undefined;
    const promise = new Promise<AsyncIterable<string>>((resolve) => (deliver = resolve));
    const { iterable, state } = createStuckGeneration();
    const events = stream(promise);
    const pending = events.next();
    const left = events.return?.();
    deliver(iterable);
    await Promise.all([pending, left]);
    expect(state.returned).toBe(1);
  });

  it("does not end a generation that ended by itself", async () => {
    let returned = 0;
    const watched: Iterable<string> = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: true, value: undefined }),
        return() {
          returned += 1;
          return { done: true, value: undefined };
        },
      }),
    };
    await collect(stream(watched));
    expect(returned).toBe(0);
  });
});
