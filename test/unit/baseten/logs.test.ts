import { describe, expect, it } from "vitest";
import { type LogLine, type LogQuery, logParameters, pageSize, toLogLines } from "../../../src/baseten/log-lines.ts";
import { type LogSource, readLogs, tailLogs } from "../../../src/baseten/logs.ts";
import { TrussError } from "../../../src/errors.ts";
import type { TrussEvent } from "../../../src/events.ts";

const line = (ms: number, message: string, nanos = 0): LogLine => ({
  timestamp: String(BigInt(ms) * 1_000_000n + BigInt(nanos)),
  message,
  replica: "abcde",
});

/** The server's side of paging: both ends inside, by milliseconds, in the order of time. */
function answer(lines: readonly LogLine[], { startMs, endMs = Infinity, limit }: LogQuery): readonly LogLine[] {
  const ms = ({ timestamp }: LogLine) => Number(BigInt(timestamp) / 1_000_000n);
  const inside = lines.filter((each) => ms(each) >= startMs && ms(each) <= endMs);
  return inside.toSorted((a, b) => (BigInt(a.timestamp) < BigInt(b.timestamp) ? -1 : 1)).slice(0, limit);
}

async function collect(lines: AsyncIterable<LogLine>): Promise<string[]> {
  const messages = [];
  for await (const { message } of lines) messages.push(message);
  return messages;
}

describe("a window of a log", () => {
  const signal = new AbortController().signal;
  const read = (lines: readonly LogLine[], window: { startMs: number; endMs?: number }) => {
    const fetchLines = (query: LogQuery) => Promise.resolve(answer(lines, query));
    return collect(readLogs({ fetchLines, fetchStatus: () => Promise.resolve("ACTIVE") }, window, { signal }));
  };

  it("comes whole, in order and without repetition, over pages that end within a millisecond", async () => {
    const lines = Array.from({ length: 3 * pageSize + 7 }, (_, index) =>
      line(1_000 + Math.floor(index / 9), `${index}`, index % 9),
    );
    expect(await read(lines, { startMs: 0 })).toEqual(lines.map(({ message }) => message));
    expect(await read(lines, { startMs: 1_100, endMs: 1_100 })).toHaveLength(9);
    expect(await read([], { startMs: 0 })).toEqual([]);
  });

  it("ends even where one millisecond holds more than a page", async () => {
    const lines = [...Array.from({ length: pageSize + 5 }, (_, index) => line(5, `${index}`, index)), line(6, "after")];
    const messages = await read(lines, { startMs: 5 });
    expect(messages).toHaveLength(pageSize + 1);
    expect(messages.at(-1)).toBe("after");
  });

  it("asks with every filter", () => {
    const query = {
      startMs: 1,
      endMs: 2,
      limit: 3,
      minLevel: "warning",
      replica: "r",
      requestId: "q",
      searchPattern: "a|b",
    } as const;
    expect(logParameters({ ...query, includes: ["x", "y&z"], excludes: ["n"] }).toString()).toBe(
      "direction=asc&limit=3&start_epoch_millis=1&end_epoch_millis=2&min_level=WARNING&replica=r&request_id=q" +
        "&search_pattern=a%7Cb&includes=x&includes=y%26z&excludes=n",
    );
  });

  it.each([
    null,
    {},
    { logs: 1 },
    { logs: [1, null, {}, { timestamp: "x", message: "" }, { timestamp: 1, message: "" }] },
  ])("takes an odd answer for an empty one: %j", (odd) => expect(toLogLines(odd)).toEqual([]));
});

describe("the tail of a log", () => {
  const now = Date.now();

  function tail(source: LogSource, signal = new AbortController().signal) {
    const events: TrussEvent[] = [];
    const lines = tailLogs(source, { startMs: now, report: (event) => void events.push(event), signal, pollMs: 1 });
    return { lines, events };
  }

  it("shows each line once, late ones too, and ends after the deployment with its last words", async () => {
    const looks = [
      { status: "BUILDING", lines: [line(now + 1, "a"), line(now + 90_000, "b")] },
      { status: "SCALED_TO_ZERO", lines: [line(now + 31_000, "late"), line(now + 90_000, "b", 1)] },
      { status: "ACTIVE", lines: [] },
      { status: "BUILD_FAILED", lines: [line(now + 91_000, "c")] },
      { status: "BUILD_FAILED", lines: [line(now + 91_001, "last words")] },
    ];
    const known: LogLine[] = [];
    let look = -1;
    const { lines } = tail({
      fetchStatus: () => Promise.resolve(looks[++look]?.status ?? "none"),
      fetchLines: (query) => {
        known.push(...(looks[look]?.lines ?? []));
        return Promise.resolve(answer(known, query));
      },
    });
    const messages: string[] = [];
    let end = await lines.next();
    for (; end.done !== true; end = await lines.next()) messages.push(end.value.message);
    expect(messages).toEqual(["a", "b", "late", "b", "c", "last words"]);
    expect(end.value).toBe("BUILD_FAILED");
    expect(look).toBe(4);
  });

  it("bears failures of the network, told once, and none of the key", async () => {
    const failures = [
      new TrussError("NETWORK_FAILED", "no network"),
      new TrussError("API_FAILED", "500"),
      undefined,
      new TrussError("AUTH_REFUSED", "the key was revoked"),
    ];
    const { lines, events } = tail({
      fetchStatus: () => {
        const failure = failures.shift();
        return failure === undefined ? Promise.resolve("ACTIVE") : Promise.reject(failure);
      },
      fetchLines: () => Promise.resolve([line(now, "between")]),
    });
    expect((await lines.next()).value).toMatchObject({ message: "between" });
    await expect(lines.next()).rejects.toMatchObject({ code: "AUTH_REFUSED" });
    expect(events).toEqual([{ event: "warning", message: "The log cannot be read at the moment: no network" }]);
  });

  it("gives up when nothing works", async () => {
    const { lines } = tail({
      fetchStatus: () => Promise.reject(new TrussError("NETWORK_FAILED", "no network")),
      fetchLines: () => Promise.resolve([]),
    });
    await expect(lines.next()).rejects.toMatchObject({ code: "NETWORK_FAILED" });
  });

  it("ends without an error when it is aborted, while it waits and while it asks", async () => {
    const waiting = new AbortController();
    const source = {
      fetchStatus: () => Promise.resolve("ACTIVE"),
      fetchLines: () => Promise.resolve([line(now, "x")]),
    };
    const first = tailLogs(source, { startMs: now, report: () => {}, signal: waiting.signal, pollMs: 60_000 });
    await first.next();
    const ended = first.next();
    setImmediate(() => waiting.abort());
    expect(await ended).toEqual({ done: true, value: undefined });
    const asking = new AbortController();
    const hanging = (signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    const second = tail({ fetchStatus: hanging, fetchLines: () => Promise.resolve([]) }, asking.signal);
    const over = second.lines.next();
    asking.abort();
    expect(await over).toEqual({ done: true, value: undefined });
  });
});
