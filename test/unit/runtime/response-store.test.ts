import { describe, expect, it } from "vitest";
import { createConversation } from "../../../src/runtime/conversation.ts";
import { createResponseStore, type KeptResponse } from "../../../src/runtime/response-store.ts";
import { isKept } from "../../../src/wire/openai/kept.ts";
import { collect, createStuckGeneration } from "../wire/helpers.ts";

const kept = (id: string, text = ""): KeptResponse => ({
  response: { id, status: "completed", output: [{ id: `msg_${id}`, type: "message", content: text }] },
  input: [{ id: `in_${id}`, type: "message", role: "user", content: text }],
});

describe("the store of responses", () => {
  it("keeps the latest, and those that were used last", () => {
    const store = createResponseStore(2);
    store.put(kept("a"));
    store.put(kept("b"));
    expect(store.get("a")).toEqual(kept("a"));
    store.put(kept("c"));
    expect(["a", "b", "c"].map((id) => store.get(id) !== undefined)).toEqual([true, false, true]);
  });

  it("is bounded by size too, and leaves out what is larger than all of it", () => {
    const size = JSON.stringify(kept("a", "x".repeat(100))).length;
    const store = createResponseStore(10, 2 * size);
    for (const id of ["a", "b", "c"]) store.put(kept(id, "x".repeat(100)));
    expect(store.get("a")).toBeUndefined();
    store.put(kept("d", "x".repeat(1000)));
    expect(["b", "c", "d"].map((id) => store.get(id) !== undefined)).toEqual([true, true, false]);
    expect([store.delete("b"), store.delete("b")]).toEqual([true, false]);
    store.put(kept("e", "x".repeat(100)));
    expect(["c", "e"].every((id) => store.get(id) !== undefined)).toBe(true);
  });

  it("counts one that is put again once", () => {
    const store = createResponseStore(10, 2 * JSON.stringify(kept("a")).length);
    for (let round = 0; round < 5; round += 1) store.put(kept("a"));
    store.put(kept("b"));
    expect(store.get("a")).toBeDefined();
  });

  it("finds items by their ids as long as their response is kept", () => {
    const store = createResponseStore(1);
    store.put(kept("a"));
    expect([store.item("msg_a"), store.item("in_a")]).toMatchObject([{ id: "msg_a" }, { id: "in_a" }]);
    store.put(kept("b"));
    expect([store.item("msg_a"), store.item("in_a"), store.item("msg_b")]).toMatchObject([undefined, undefined, {}]);
  });

  it("finds an item of several responses as long as one of them is kept", () => {
    const store = createResponseStore(2);
    const first = kept("a");
    store.put(first);
    store.put({ response: kept("b").response, input: first.input });
    store.delete("b");
    expect(store.item("in_a")).toMatchObject({ id: "in_a" });
  });

  it("leaves out what nests too deeply to be kept", () => {
    let deep: object = {};
    for (let level = 0; level < 100_000; level += 1) deep = { deep };
    const store = createResponseStore(2);
    store.put({ ...kept("a"), input: [{ deep }] });
    expect(store.get("a")).toBeUndefined();
  });

  it("gives out copies", () => {
    const store = createResponseStore(1);
    store.put(kept("a"));
    const { input } = store.get("a") ?? {};
    (input as unknown[]).push("changed");
    expect(store.get("a")).toEqual(kept("a"));
  });
});

describe("a conversation", () => {
  const resolve = (input: unknown) => createConversation(createResponseStore(2)).resolve(input) as object;

  it("marks the request, in copies too, and leaves the client's own as it is", () => {
    const request = { input: "One", temperature: 1 };
    const resolved = resolve(request);
    expect(resolved).toMatchObject({ temperature: 1, input: [{ role: "user" }] });
    expect([isKept(resolved), isKept({ ...resolved }), isKept(request)]).toEqual([true, true, false]);
    expect(JSON.parse(JSON.stringify(resolved))).toEqual({ temperature: 1, input: expect.any(Array) as unknown });
  });

  it.each([
    [{ previous_response_id: { toString: 1 } }, "previous_response_id"],
    [{ input: [{ type: "item_reference", id: { toString: 1 } }] }, "input[0].id"],
  ])("refuses the reference in %j", (request, param) => {
    expect(() => resolve(request)).toThrow(expect.objectContaining({ status: 400, param }) as Error);
  });

  it.each(["constructor", { toString: 1 }])("gives an item of the odd type %j an id", (type) => {
    expect(resolve({ input: [{ type }] })).toMatchObject({
      input: [{ id: expect.stringMatching(/^msg_\w+$/) as unknown }],
    });
  });

  it.each([null, 4, "text", [1]])("leaves %j to the model", (request) =>
    expect(resolve(request as never)).toBe(request),
  );

  it("ends a stream whose next item is still awaited", async () => {
    const { iterable, state } = createStuckGeneration();
    const conversation = createConversation(createResponseStore(2));
    const watched = (conversation.watch(iterable) as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    expect(await watched.next()).toEqual({ done: false, value: "first" });
    const next = watched.next();
    await state.waiting;
    await watched.return?.();
    expect(state.returned).toBe(1);
    expect(await next).toMatchObject({ done: true });
  });

  it("awaits what a plain generator promises", async () => {
    const items = [Promise.resolve("data: a")] as unknown[];
    const watched = createConversation(createResponseStore(2)).watch(items.values());
    const iterator = (watched as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ done: false, value: "data: a" });
  });

  it("passes on strings and bytes, and keeps what is told in events alone", async () => {
    const store = createResponseStore(2);
    const conversation = createConversation(store);
    conversation.resolve({ input: "One" });
    const items = ["data: a", { type: "response.completed", response: kept("a").response }, { type: "other" }];
    expect(await collect(conversation.watch(items.values()) as AsyncIterable<unknown>)).toEqual(items);
    expect(store.get("a")).toMatchObject({ input: [{ content: [{ type: "input_text", text: "One" }] }] });
  });
});
