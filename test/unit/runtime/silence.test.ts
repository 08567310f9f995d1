import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { watchSilence } from "../../../src/runtime/silence.ts";

describe("a stream's silence", () => {
  let told: string[] = [];
  const watch = (times: { keepAliveMs?: number; timeoutMs?: number }) => {
    const began = performance.now();
    const note = (what: string) => () => void told.push(`${what} at ${Math.round(performance.now() - began)}`);
    return watchSilence({ ...times, onKeepAlive: note("alive"), onTimeout: note("over") });
  };
  beforeEach(() => {
    told = [];
    vi.useFakeTimers();
  });
  afterEach(() => void vi.useRealTimers());

  it("is told of after each interval of it, counted from the last item", () => {
    const silence = watch({ keepAliveMs: 100 });
    silence.begin();
    vi.advanceTimersByTime(60);
    silence.end();
    silence.begin();
    vi.advanceTimersByTime(250);
    expect(told).toEqual(["alive at 160", "alive at 260"]);
  });

  it("may have begun before it is watched: until the head went out, for example", () => {
    const before = performance.now();
    vi.advanceTimersByTime(100);
    watch({ keepAliveMs: 100, timeoutMs: 250 }).begin(before);
    vi.advanceTimersByTime(1000);
    // 200 and 250 after its beginning.
    expect(told).toEqual(["alive at 100", "over at 150"]);
  });

  it("is none while nothing is awaited: then the reader is slow, not the model", () => {
    const silence = watch({ keepAliveMs: 100, timeoutMs: 150 });
    silence.begin();
    silence.end();
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([]);
  });

  it("may last as long as it may, whatever was said meanwhile", () => {
    watch({ keepAliveMs: 100, timeoutMs: 250 }).begin();
    vi.advanceTimersByTime(1000);
    expect(told).toEqual(["alive at 100", "alive at 200", "over at 250"]);
  });

  it("is watched by one timer, however many items pass, and by none without a bound", () => {
    const silence = watch({ keepAliveMs: 100 });
    for (let item = 0; item < 1000; item += 1) {
      silence.begin();
      silence.end();
    }
    expect(vi.getTimerCount()).toBe(1);
    silence.stop();
    watch({}).begin();
    expect(vi.getTimerCount()).toBe(0);
  });
});
