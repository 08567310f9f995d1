import { expect, it } from "vitest";
import { createBackoff } from "../../../src/dev/backoff.ts";

it("is at once at first, then ever longer, up to a bound", () => {
  const backoff = createBackoff(() => 0);
  const waits = Array.from({ length: 9 }, () => backoff.next());
  expect(waits[0]).toBe(0);
  expect(waits).toEqual(waits.toSorted((left, right) => left - right));
  expect(waits.at(-1)).toBe(waits.at(-2));
});

it("forgets after some peace, and when told to", () => {
  let now = 0;
  const backoff = createBackoff(() => now);
  backoff.next();
  expect(backoff.next()).toBeGreaterThan(0);
  now += 60_000;
  expect(backoff.next()).toBe(0);
  backoff.reset();
  expect(backoff.next()).toBe(0);
});
