import { describe, expect, it } from "vitest";
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
