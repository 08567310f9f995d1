import { boundTimer } from "./limits.ts";

/** What may come of a stream's silence. Times in milliseconds; without a time, nothing. */
export interface SilenceOptions {
  /** A sign of life is due after each of these. */
  readonly keepAliveMs?: number | undefined;
  readonly onKeepAlive: () => void;
  /** The stream has been silent for as long as it may. */
  readonly timeoutMs?: number | undefined;
  readonly onTimeout: () => void;
}

/** Watches one stream with one timer, however many items pass: an item costs a look at the clock. */
export interface Silence {
  /** From now on an item is awaited, or from an earlier time on. Answers with the present time. */
  begin(from?: number): number;
  /** The item is there; until the next `begin` whoever is slow is not the model. */
  end(): void;
  stop(): void;
}

export function watchSilence({ keepAliveMs, timeoutMs, onKeepAlive, onTimeout }: SilenceOptions): Silence {
  const round = Math.min(keepAliveMs ?? Infinity, timeoutMs ?? Infinity);
  let timer: NodeJS.Timeout | undefined;
  let since: number | undefined;
  let toldAt = -Infinity;

  const look = () => {
    const now = performance.now();
    let wait = round;
    if (since !== undefined) {
      const left = since + (timeoutMs ?? Infinity) - now;
      if (left <= 0) return onTimeout();
      let due = Math.max(since, toldAt) + (keepAliveMs ?? Infinity) - now;
      if (due <= 0) {
        toldAt = now;
        onKeepAlive();
        due = keepAliveMs ?? Infinity;
      }
      wait = Math.min(left, due);
    }
    arm(wait);
  };
  const arm = (ms: number) => {
    timer = setTimeout(look, boundTimer(ms)).unref();
  };

  return {
    begin(from) {
      const now = performance.now();
      since = from ?? now;
      if (timer === undefined && round !== Infinity) arm(round);
      return now;
    },
    end() {
      since = undefined;
    },
    stop() {
      clearTimeout(timer);
      since = undefined;
    },
  };
}
