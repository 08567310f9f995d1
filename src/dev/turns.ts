import { createDeferred } from "./deferred.ts";

/** Lets works run one after the other. */
export interface Turns {
  take<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when those that have come so far are done. */
  settled(): Promise<void>;
}

export function createTurns(): Turns {
  let last: Promise<void> = Promise.resolve();
  return {
    async take(work) {
      const before = last;
      const mine = createDeferred<void>();
      last = mine.promise;
      await before;
      return work().finally(() => mine.resolve());
    },
    settled: () => last,
  };
}
