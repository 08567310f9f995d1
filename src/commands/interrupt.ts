import { TrussError, exitCodes } from "../errors.ts";
import type { CommandIo } from "./io.ts";

/** Ctrl-C, once and twice. */
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
    guard: async (work) => {
      // Nobody waits for it any more once it was left.
      work.catch(() => undefined);
      const result = await Promise.race([work.catch(preferInterrupt(first.signal)), rejectOn(first.signal, graceMs)]);
      first.signal.throwIfAborted();
      return result;
    },
    hear: (work) => {
      work.catch(() => undefined);
      return Promise.race([work, rejectOn(second.signal, 0)]);
    },
    release,
  };
}

/** What fails after an interruption fails because of it. */
function preferInterrupt(signal: AbortSignal) {
  return (error: unknown): never => {
    signal.throwIfAborted();
    throw error;
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
