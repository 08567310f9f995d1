import { type TrussError, isTrussError } from "../errors.ts";
import { NetworkFailure } from "./network-failure.ts";
import { parseJson } from "./errors.ts";
import type { Answer } from "./transport.ts";

/** Time, so that tests need not wait. Milliseconds. */
export interface Clock {
  readonly now: () => number;
  /** Rejects with the signal's reason when it aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export const systemClock: Clock = { now: () => performance.now(), sleep };

/** How long a read is tried again, in milliseconds, where the caller does not say. */
export const usualPatienceMs = 8_000;
/** The longest wait that a server may ask for, in milliseconds. */
const longestAskedMs = 120_000;
const mostRefusals = 6;

/** The wait before the next try, in milliseconds; undefined: it is not to be tried again. `times` counts from 1. */
export function waitBefore(outcome: Answer | TrussError, times: number, leftMs: number): number | undefined {
  if (isTrussError(outcome)) {
    if (!(outcome instanceof NetworkFailure)) return undefined;
    // An address that is wrong stays wrong; only who has time goes on asking.
    return outcome.sent || times <= 2 || leftMs > usualPatienceMs ? backOff(times, leftMs) : undefined;
  }
  if (outcome.status === 429) {
    const asked = askedFor(outcome) ?? backOff(times, longestAskedMs) ?? longestAskedMs;
    return asked > longestAskedMs || times > mostRefusals ? undefined : asked;
  }
  if (outcome.status < 500) return undefined;
  const asked = outcome.status === 503 ? askedFor(outcome) : undefined;
  return asked === undefined ? backOff(times, leftMs) : asked <= leftMs ? asked : undefined;
}

/** What the server asks to wait: `retry_after` in the body, or the header in seconds or as a date. */
function askedFor({ headers, text }: Answer): number | undefined {
  const body = parseJson(text);
  const inBody: unknown = typeof body === "object" && body !== null ? Reflect.get(body, "retry_after") : undefined;
  const said = inBody ?? headers.get("retry-after");
  if (said === null || said === undefined || said === "") return undefined;
  const seconds = Number(said);
  const ms = Number.isNaN(seconds) ? Date.parse(String(said)) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Half a second, doubled each time up to eight, a little apart from what others do. */
function backOff(times: number, leftMs: number): number | undefined {
  const wait = Math.min(500 * 2 ** (times - 1), 8_000) * (0.75 + Math.random() / 4);
  return wait <= leftMs ? wait : undefined;
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return void reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
