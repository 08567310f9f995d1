/** How long to wait before the n-th start in a row that came to nothing, in milliseconds; the last one repeats. */
const delays = [0, 100, 250, 500, 1000, 2000, 5000];
/** After this much peace a new trouble counts as the first. */
const peaceMs = 10_000;

/** Counts troubles in a row and says how long to wait after each. */
export interface Backoff {
  /** How many there were in a row, the last one told of included. */
  readonly count: number;
  next(): number;
  reset(): void;
}

export function createBackoff(now: () => number = () => performance.now()): Backoff {
  let troubles = 0;
  let last = Number.NEGATIVE_INFINITY;
  return {
    get count() {
      return troubles;
    },
    next() {
      if (now() - last > peaceMs) troubles = 0;
      last = now();
      const delay = delays[Math.min(troubles, delays.length - 1)] ?? 0;
      troubles += 1;
      return delay;
    },
    reset() {
      troubles = 0;
    },
  };
}
