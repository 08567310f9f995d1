import { HttpError } from "../errors.ts";

/** Holds a place among the running requests; giving it back twice does no harm. */
export type Release = () => void;

export interface Slots {
  /** A place that is free right now. */
  tryAcquire(): Release | undefined;
  /**
   * Resolves when a place is free, first come first served. Rejects with the signal's reason when it aborts first, and
   * with an `HttpError` 429 when the wait is longer than it may be.
   */
  acquire(signal: AbortSignal): Promise<Release>;
  readonly running: number;
  readonly waiting: number;
}

export interface QueueBounds {
  /** How many may wait for a place. @default no bound */
  readonly maxQueue?: number | undefined;
  /** How long one may wait, in milliseconds. @default no bound */
  readonly queueTimeoutMs?: number | undefined;
}

/** Bounds how many endpoint calls run at once. `undefined`: no bound, only the count. */
export function createSlots(limit: number | undefined, bounds: QueueBounds = {}): Slots {
  const queue = new Set<() => void>();
  const pace = createPace();
  let running = 0;

  const take = (): Release => {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (running === limit) pace.freed();
      const [enter] = queue;
      if (enter === undefined) running -= 1;
      else enter();
    };
  };
  const tryAcquire = () => {
    if (limit !== undefined && running >= limit) return undefined;
    running += 1;
    if (running === limit) pace.full();
    return take();
  };
  const wait = (signal: AbortSignal) =>
    new Promise<Release>((resolve, reject) => {
      const settle = () => {
        queue.delete(enter);
        clearTimeout(timer);
        signal.removeEventListener("abort", leave);
      };
      const enter = () => (settle(), resolve(take()));
      const leave = () => (settle(), reject(signal.reason));
      const giveUp = () => (settle(), reject(busy("no place has become free in time", pace.untilFree(queue.size))));
      const { queueTimeoutMs } = bounds;
      const timer = queueTimeoutMs === undefined ? undefined : setTimeout(giveUp, boundTimer(queueTimeoutMs)).unref();
      signal.addEventListener("abort", leave, { once: true });
      queue.add(enter);
    });
  return {
    tryAcquire,
    async acquire(signal) {
      signal.throwIfAborted();
      const free = tryAcquire();
      if (free !== undefined) return free;
      if (queue.size >= (bounds.maxQueue ?? Infinity)) throw busy("its queue is full", pace.untilFree(queue.size));
      return wait(signal);
    },
    get running() {
      return running;
    },
    get waiting() {
      return queue.size;
    },
  };
}

/** Node's timers take no more, and fire at once for it. Milliseconds. */
export function boundTimer(ms: number): number {
  return Math.min(Math.ceil(ms), 2 ** 31 - 1);
}

/** Clients that heed it shall neither hammer nor fall asleep. Seconds. */
const [soonest, latest] = [1, 30];

function busy(why: string, ms: number): HttpError {
  const seconds = Math.min(latest, Math.max(soonest, Math.ceil(ms / 1000)));
  const message = `The model is busy, ${why}. Please try again in ${seconds} s.`;
  return new HttpError(429, message, { headers: { "retry-after": String(seconds) } });
}

/** How many waits for a place are remembered. */
const memory = 32;

/** How fast places have become free of late, as long as all were taken. Times in milliseconds. */
function createPace() {
  const gaps: number[] = [];
  let since = 0;
  return {
    full() {
      since = performance.now();
    },
    freed() {
      const now = performance.now();
      gaps.push(now - since);
      if (gaps.length > memory) gaps.shift();
      since = now;
    },
    /** An estimate of when one who comes behind `waiting` others would have a place. */
    untilFree(waiting: number): number {
      const mean = gaps.reduce((sum, gap) => sum + gap, 0) / Math.max(1, gaps.length);
      // What runs now may take longer than all that was before it.
      return Math.max(mean, performance.now() - since) * (waiting + 1);
    },
  };
}
