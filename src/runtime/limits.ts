/** Holds a place among the running requests; giving it back twice does no harm. */
export type Release = () => void;

export interface Slots {
  /** A place that is free right now. */
  tryAcquire(): Release | undefined;
  /** Resolves when a place is free, first come first served; rejects with the signal's reason when it aborts first. */
  acquire(signal: AbortSignal): Promise<Release>;
  readonly running: number;
  readonly waiting: number;
}

/** Bounds how many endpoint calls run at once. `undefined`: no bound, only the count. */
export function createSlots(limit: number | undefined): Slots {
  const queue: Waiter[] = [];
  let running = 0;

  const release = () => {
    const next = queue.shift();
    if (next === undefined) running -= 1;
    else next.enter();
  };
  const take = (): Release => {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      release();
    };
  };
  const tryAcquire = () => {
    if (limit !== undefined && running >= limit) return undefined;
    running += 1;
    return take();
  };
  return {
    tryAcquire,
    acquire(signal) {
      return new Promise<Release>((resolve, reject) => {
        signal.throwIfAborted();
        const free = tryAcquire();
        if (free !== undefined) return resolve(free);
        const leave = () => {
          queue.splice(queue.indexOf(waiter), 1);
          reject(signal.reason);
        };
        const waiter = {
          enter() {
            signal.removeEventListener("abort", leave);
            resolve(take());
          },
        };
        signal.addEventListener("abort", leave, { once: true });
        queue.push(waiter);
      });
    },
    get running() {
      return running;
    },
    get waiting() {
      return queue.length;
    },
  };
}

interface Waiter {
  enter(): void;
}
