import { setTimeout as sleep } from "node:timers/promises";
import { isTrussError } from "../errors.ts";
import type { Reporter } from "../events.ts";
import { type LogFilter, type LogLine, type LogQuery, compareLines, keyOf, pageSize, timeOf } from "./log-lines.ts";

/** Where the lines come from: a deployment, or an environment. */
export interface LogSource {
  readonly fetchLines: (query: LogQuery, signal: AbortSignal) => Promise<readonly LogLine[]>;
  /** The deployment's status, such as `ACTIVE`. */
  readonly fetchStatus: (signal: AbortSignal) => Promise<string>;
}

export interface LogWindow {
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs?: number | undefined;
}

export interface TailOptions {
  readonly filter?: LogFilter;
  /** Lines from this moment on. Milliseconds since 1970. */
  readonly startMs: number;
  readonly report: Reporter;
  /** Ends the tail at once, without an error. */
  readonly signal: AbortSignal;
  /** Between two looks, in milliseconds. @default 2000 */
  readonly pollMs?: number;
}

/** No more lines come after these. Of the others, some wait for better times: SCALED_TO_ZERO wakes, UNHEALTHY recovers. */
const endedStatuses: ReadonlySet<string> = new Set([
  "DEPLOY_FAILED",
  "BUILD_FAILED",
  "BUILD_STOPPED",
  "FAILED",
  "INACTIVE",
]);

/** How much older than the newest line a line may be that arrives late, from a replica whose clock is behind. */
const skewMs = 60_000;
/** The longest span that the server looks at, less a minute for its own clock. */
const maxSpanMs = 7 * 24 * 60 * 60_000 - 60_000;
/** Looks that may fail in a row, as while a laptop changes networks. */
const maxFailures = 15;

/** The lines of a window, oldest first, page after page; none twice. */
export async function* readLogs(
  source: LogSource,
  window: LogWindow,
  { filter = {}, signal }: { readonly filter?: LogFilter; readonly signal: AbortSignal },
): AsyncGenerator<LogLine, void> {
  let startMs = window.startMs;
  // Pages end within a millisecond, so that the next one begins with the same one.
  let seam: ReadonlySet<string> = new Set();
  for (;;) {
    const page = await source.fetchLines({ ...filter, startMs, endMs: window.endMs, limit: pageSize }, signal);
    const lines = page.toSorted(compareLines);
    for (const line of lines) if (!seam.has(keyOf(line))) yield line;
    const last = lines.at(-1);
    if (last === undefined || page.length < pageSize) return;
    const lastMs = timeOf(last);
    // One millisecond can fill a page: what more there is of it cannot be asked for.
    startMs = lastMs > startMs ? lastMs : startMs + 1;
    seam = new Set(lines.filter((line) => timeOf(line) >= startMs).map(keyOf));
  }
}

/**
 * Follows a log as it grows, until the deployment has ended or the signal aborts. There is nothing to listen to: it is
 * asked again and again, with a minute of overlap for lines that arrive late.
 *
 * @returns the status that ended it; `undefined` after an abort
 */
export async function* tailLogs(source: LogSource, options: TailOptions): AsyncGenerator<LogLine, string | undefined> {
  const { filter = {}, report, signal, pollMs = 2_000 } = options;
  const seen = createMemory(options.startMs);
  const failures = createPatience(report);
  for (let last: string | undefined; ;) {
    try {
      const status = await source.fetchStatus(signal);
      for await (const line of readLogs(source, { startMs: seen.startMs() }, { filter, signal })) {
        if (seen.isNew(line)) yield line;
      }
      failures.over();
      // The last words of a deployment arrive after its status: one more look.
      if (last !== undefined) return last;
      if (endedStatuses.has(status)) last = status;
    } catch (error) {
      if (signal.aborted) return undefined;
      failures.count(error);
    }
    if (await aborted(pollMs, signal)) return undefined;
  }
}

function createMemory(firstMs: number) {
  const seen = new Map<string, number>();
  let newestMs = firstMs;
  return {
    // By the lines' own clock: this machine's may be wrong.
    startMs: () => Math.max(firstMs, newestMs - skewMs, Date.now() - maxSpanMs),
    isNew(line: LogLine): boolean {
      const key = keyOf(line);
      if (seen.has(key)) return false;
      const ms = timeOf(line);
      seen.set(key, ms);
      if (ms <= newestMs) return true;
      newestMs = ms;
      // In the order of their coming, which is nearly that of their times.
      for (const [old, oldMs] of seen) {
        if (oldMs >= newestMs - 2 * skewMs) break;
        seen.delete(old);
      }
      return true;
    },
  };
}

/** Lets a few failures pass that may be of the network or the platform; throws all others, and too many. */
function createPatience(report: Reporter) {
  let failed = 0;
  return {
    over: () => (failed = 0),
    count(error: unknown): void {
      failed += 1;
      const passing = isTrussError(error) && ["NETWORK_FAILED", "API_FAILED", "API_NOT_FOUND"].includes(error.code);
      if (!passing || failed > maxFailures) throw error;
      if (failed === 1) report({ event: "warning", message: `The log cannot be read at the moment: ${error.message}` });
    },
  };
}

async function aborted(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return false;
  } catch {
    return true;
  }
}
