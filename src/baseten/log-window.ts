import { TrussError, exitCodes } from "../errors.ts";
import type { LogWindow } from "./logs.ts";

export interface WindowFlags {
  /** `30m`. */
  readonly since?: string | undefined;
  /** A date, or a date with a time; without a zone it is this machine's. */
  readonly start?: string | undefined;
  readonly end?: string | undefined;
}

/** All in milliseconds. */
const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const usualSpanMs = 30 * 60_000;
/** The server looks at no more at once. */
const longestMs = 7 * 86_400_000;

/**
 * Which part of a log is meant: the last half hour where nothing is said.
 *
 * @throws TrussError USAGE
 */
export function readWindow({ since, start, end }: WindowFlags, nowMs: number): LogWindow {
  if (since !== undefined && (start ?? end) !== undefined) {
    throw usage("--since excludes --start and --end.", "give one or the other");
  }
  if (since !== undefined) return { startMs: nowMs - parseSpan(since) };
  const endMs = end === undefined ? undefined : parseMoment(end, "--end");
  const until = endMs ?? nowMs;
  const startMs = start === undefined ? until - usualSpanMs : parseMoment(start, "--start");
  if (startMs >= until) throw usage("--start must be before --end, and before now.", "times without a zone are local");
  if (until - startMs > longestMs)
    throw usage("At most 7 days can be asked for at once.", "move --start and --end nearer");
  return { startMs, ...(endMs === undefined ? {} : { endMs }) };
}

function parseSpan(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text.trim()) ?? [];
  const ms = Number(digits) * (units[unit] ?? Number.NaN);
  if (ms > 0 && ms <= longestMs) return ms;
  throw usage(`--since takes a time such as 90s, 30m, 2h or 7d at the most, not ${JSON.stringify(text)}.`);
}

function parseMoment(text: string, flag: string): number {
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text.trim());
  // JavaScript takes a date alone for one of UTC, and one with a time for one of this machine.
  const ms = Date.parse(day === null ? text.trim().replace(" ", "T") : `${text.trim()}T00:00:00`);
  if (!Number.isNaN(ms) && /^\d{4}-/.test(text.trim())) return ms;
  throw usage(`${flag} takes a time such as 2026-01-31 or 2026-01-31T12:00:00Z, not ${JSON.stringify(text)}.`);
}

function usage(message: string, hint = "truss-ts logs --help has examples"): TrussError {
  return new TrussError("USAGE", message, { hint, exitCode: exitCodes.usage });
}
