import { afterEach, describe, expect, it, vi } from "vitest";
import type { HttpError } from "../../../src/errors.ts";
import { createSlots } from "../../../src/runtime/limits.ts";

const never = new AbortController().signal;

describe("createSlots", () => {
  it("without a limit there is always a place, and the count", () => {
    const slots = createSlots(undefined);
    const taken = Array.from({ length: 1000 }, () => slots.tryAcquire());
    expect(taken.every((release) => release !== undefined)).toBe(true);
    expect(slots.running).toBe(1000);
    for (const release of taken) release?.();
    expect(slots.running).toBe(0);
  });

  it("first come, first served", async () => {
    const slots = createSlots(1);
    const first = slots.tryAcquire();
    expect(slots.tryAcquire()).toBeUndefined();
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (turn) => {
      const release = await slots.acquire(never);
      order.push(turn);
      expect(slots.running).toBe(1);
      release();
    });
    expect(slots.waiting).toBe(3);
    first?.();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    expect([slots.running, slots.waiting]).toEqual([0, 0]);
  });

  it("a newcomer does not overtake one to whom the place was given", async () => {
    const slots = createSlots(1);
    const first = slots.tryAcquire();
    const second = slots.acquire(never);
    first?.();
    expect(slots.tryAcquire()).toBeUndefined();
    (await second)();
    expect(slots.tryAcquire()).toBeDefined();
  });

  it("giving back twice frees one place only", () => {
    const slots = createSlots(2);
    const release = slots.tryAcquire();
    slots.tryAcquire();
    release?.();
    release?.();
    expect(slots.running).toBe(1);
    expect(slots.tryAcquire()).toBeDefined();
    expect(slots.tryAcquire()).toBeUndefined();
  });

  it("who leaves the queue is passed over", async () => {
    const slots = createSlots(1);
    const first = slots.tryAcquire();
    const leaving = new AbortController();
    const left = slots.acquire(leaving.signal);
    const next = slots.acquire(never);
    leaving.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    expect(slots.waiting).toBe(1);
    first?.();
    (await next)();
    expect(slots.running).toBe(0);
  });

  it("who has left already takes no place", async () => {
    const slots = createSlots(1);
    await expect(slots.acquire(AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    expect([slots.running, slots.waiting]).toEqual([0, 0]);
  });

  it("an abort after the place was given changes nothing", async () => {
    const slots = createSlots(1);
    const first = slots.tryAcquire();
    const leaving = new AbortController();
    const second = slots.acquire(leaving.signal);
    first?.();
    leaving.abort();
    const release = await second;
    expect(slots.running).toBe(1);
    release();
    expect(slots.running).toBe(0);
  });
});

describe("a bounded queue", () => {
  afterEach(() => void vi.useRealTimers());

  const refusal = (waiting: Promise<unknown>) =>
    waiting.then(
      () => "a place",
      (error: HttpError) => [error.status, error.headers],
    );

  it("takes no more than it may, and one more for each that leaves", async () => {
    const slots = createSlots(1, { maxQueue: 2 });
    slots.tryAcquire();
    const leaving = new AbortController();
    const left = slots.acquire(leaving.signal);
    void slots.acquire(never);
    expect(await refusal(slots.acquire(never))).toEqual([429, { "retry-after": "1" }]);
    leaving.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    void slots.acquire(never);
    expect(slots.waiting).toBe(2);
    expect(await refusal(slots.acquire(never))).toEqual([429, { "retry-after": "1" }]);
  });

  it("of 0 lets nobody wait", async () => {
    const slots = createSlots(1, { maxQueue: 0 });
    const release = await slots.acquire(never);
    expect(await refusal(slots.acquire(never))).toEqual([429, expect.anything()]);
    release();
    (await slots.acquire(never))();
    expect([slots.running, slots.waiting]).toEqual([0, 0]);
  });

  it("is left when the time to wait is over, by nobody else", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const slots = createSlots(1, { queueTimeoutMs: 1000 });
    const release = slots.tryAcquire();
    const early = refusal(slots.acquire(never));
    vi.advanceTimersByTime(600);
    const late = slots.acquire(never);
    vi.advanceTimersByTime(400);
    expect(await early).toEqual([429, expect.anything()]);
    expect(slots.waiting).toBe(1);
    release?.();
    const second = await late;
    // Who has a place keeps it.
    vi.advanceTimersByTime(10_000);
    expect([slots.running, slots.waiting, vi.getTimerCount()]).toEqual([1, 0, 0]);
    second();
  });

  it("waits on where the time is longer than a timer takes", async () => {
    const slots = createSlots(1, { queueTimeoutMs: 1e12 });
    const release = slots.tryAcquire();
    const waiting = refusal(slots.acquire(never));
    const impatient = createSlots(1, { queueTimeoutMs: 20 });
    impatient.tryAcquire();
    expect(await refusal(impatient.acquire(never))).toEqual([429, expect.anything()]);
    release?.();
    expect(await waiting).toBe("a place");
  });

  describe("tells when to come again", () => {
    const open = async (limit: number, waiting: number) => {
      vi.useFakeTimers({ toFake: ["performance"] });
      const slots = createSlots(limit, { maxQueue: waiting });
      const held = Array.from({ length: limit }, () => slots.tryAcquire());
      for (let index = 0; index < waiting; index += 1) void slots.acquire(never).then((release) => held.push(release));
      const retryAfter = async () =>
        Number(((await refusal(slots.acquire(never))) as [number, Record<string, string>])[1]["retry-after"]);
      /** One ends after a time, and another takes the place in the queue that has become free. */
      const turn = async (ms: number) => {
        vi.advanceTimersByTime(ms);
        held.shift()?.();
        void slots.acquire(never).then((release) => held.push(release));
        await Promise.resolve();
      };
      return { slots, held, retryAfter, turn };
    };

    it("from how fast places have become free of late", async () => {
      const { retryAfter, turn } = await open(2, 3);
      for (let round = 0; round < 40; round += 1) await turn(2000);
      // Three wait: four places have to become free.
      expect(await retryAfter()).toBe(8);
      for (let round = 0; round < 32; round += 1) await turn(100);
      expect(await retryAfter()).toBe(1);
    });

    it("from how long those who run have run, where that is longer", async () => {
      const { retryAfter, turn } = await open(1, 1);
      expect(await retryAfter()).toBe(1);
      for (let round = 0; round < 5; round += 1) await turn(100);
      vi.advanceTimersByTime(4000);
      expect(await retryAfter()).toBe(8);
      vi.advanceTimersByTime(3_600_000);
      expect(await retryAfter()).toBe(30);
    });

    it("without counting the time in which places were free", async () => {
      const { slots, held, retryAfter } = await open(1, 0);
      vi.advanceTimersByTime(1000);
      for (let round = 0; round < 3; round += 1) {
        held.shift()?.();
        vi.advanceTimersByTime(3_600_000);
        held.push(slots.tryAcquire());
        vi.advanceTimersByTime(3000);
      }
      expect(await retryAfter()).toBe(3);
    });
  });
});
