import { TrussError, exitCodes } from "../errors.ts";
import type { CommandIo } from "./io.ts";

/** Ctrl-C, once and twice: what was under way fails with TrussError INTERRUPTED. */
export interface Interruption {
  /** Aborts on the first signal. */
  readonly signal: AbortSignal;
  /** Of work that need not end well: it is left soon after the first signal. */
  guard<Result>(work: Promise<Result>): Promise<Result>;
  /** Of work that knows what to undo: it is left on the second signal. */
  hear<Result>(work: Promise<Result>): Promise<Result>;
  release(): void;
}

/** What work may take to end after the first signal, in milliseconds. */
const graceMs = 2_000;

export function listenForInterrupt(io: CommandIo): Interruption {
  const first = new AbortController();
  const second = new AbortController();
  const release = io.onStopSignal((_signal, count) => (count === 1 ? first : second).abort(interrupted()));
  return {
    signal: first.signal,
    guard: (work) => {
      // What fails after an interruption fails because of it.
      const ended = work.finally(() => first.signal.throwIfAborted());
      // Nobody waits for it any more once it was left.
      ended.catch(() => undefined);
      return Promise.race([ended, rejectOn(first.signal, graceMs)]);
    },
    hear: (work) => {
      work.catch(() => undefined);
      return Promise.race([work, rejectOn(second.signal, 0)]);
    },
    release,
  };
}

function rejectOn(signal: AbortSignal, ms: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    const give = () => setTimeout(() => reject(signal.reason), ms).unref();
    if (signal.aborted) give();
    else signal.addEventListener("abort", give, { once: true });
  });
}

function interrupted(): TrussError {
  return new TrussError("INTERRUPTED", "Interrupted.", { exitCode: exitCodes.interrupted });
}
