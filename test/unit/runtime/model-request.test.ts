import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createModelRequest } from "../../../src/runtime/model-request.ts";

const partsOf = (signal: AbortSignal, body = '{"a":1}') => ({
  method: "POST",
  url: "http://model.test/predict?x=1",
  headers: new Headers({ "x-a": "b", "content-type": "application/json" }),
  body: new TextEncoder().encode(body),
  signal: () => signal,
});
const never = new AbortController().signal;

describe.each([
  ["declared", true],
  ["not declared", false],
])("the request of a method whose second parameter is %s", (_what, declared) => {
  it("is a Request, with all that it has", async () => {
    const request = createModelRequest(partsOf(never), declared);
    expect(request).toBeInstanceOf(Request);
    expect([request.method, request.url, request.headers.get("x-a")]).toEqual([
      "POST",
      "http://model.test/predict?x=1",
      "b",
    ]);
    expect(request.bodyUsed).toBe(false);
    expect(await request.clone().json()).toEqual({ a: 1 });
    expect(await request.text()).toBe('{"a":1}');
    expect(request.bodyUsed).toBe(true);
  });

  it("aborts with its client, also for who holds the signal alone", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const leaving = new AbortController();
    const signals = Array.from({ length: 50 }, () => createModelRequest(partsOf(leaving.signal), declared).signal);
    for (let round = 0; round < 3; round += 1) {
      // What a job has made is not collected before its end.
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    leaving.abort();
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });

  it("aborts also what waits for that alone, and is waited for by nobody", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const leaving = new AbortController();
    let heard = 0;
    const listen = ({ signal }: Request) => signal.addEventListener("abort", () => (heard += 1), { once: true });
    for (let turn = 0; turn < 50; turn += 1) listen(createModelRequest(partsOf(leaving.signal), declared));
    for (let round = 0; round < 3; round += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    leaving.abort();
    expect(heard).toBe(50);
  });
});
