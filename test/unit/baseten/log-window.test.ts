import { describe, expect, it } from "vitest";
import { readWindow } from "../../../src/baseten/log-window.ts";

const now = Date.parse("2026-05-10T12:00:00Z");

describe("the part of a log that is meant", () => {
  it.each([
    ["nothing said", {}, { startMs: now - 1_800_000 }],
    ["a span", { since: "90s" }, { startMs: now - 90_000 }],
    ["the longest span", { since: "7d" }, { startMs: now - 7 * 86_400_000 }],
    [
      "half an hour before an end",
      { end: "2026-05-10T10:00:00Z" },
      { startMs: now - 9_000_000, endMs: now - 7_200_000 },
    ],
    ["a start with a zone", { start: "2026-05-10T13:00:00+02:00" }, { startMs: now - 3_600_000 }],
    ["a day of this machine's", { start: "2026-05-09" }, { startMs: new Date(2026, 4, 9).getTime() }],
    ["a time of this machine's", { start: "2026-05-09 08:00" }, { startMs: new Date(2026, 4, 9, 8).getTime() }],
  ])("%s", (_name, flags, expected) => expect(readWindow(flags, now)).toEqual(expected));

  it.each([
    { since: "8d" },
    { since: "0s" },
    { since: "-1h" },
    { since: "1 hour" },
    { since: "1h", start: "2026-05-09" },
    { start: "yesterday" },
    { start: "5" },
    { start: "2026-13-01" },
    { start: "2026-05-11" },
    { start: "2026-05-01" },
    { start: "2026-05-10T09:00:00Z", end: "2026-05-10T08:00:00Z" },
  ])("%j is refused", (flags) => {
    expect(() => readWindow(flags, now)).toThrow(expect.objectContaining({ code: "USAGE", exitCode: 2 }));
  });
});
