import type { RemoteError } from "../runtime/channel.ts";
import { settlesWithin } from "./deferred.ts";
import { takePulse } from "./probe.ts";
import type { Upstream } from "./proxy.ts";

/** A generation as the gate and the front see it. */
export interface Serving extends Upstream {
  readonly alive: boolean;
  readonly ended: Promise<unknown>;
  /** Pins one exchange to it; call the answer when that is over. */
  readonly enter: () => () => void;
}

/** Why a request is not served. */
export interface Refusal {
  readonly message: string;
  /** Seconds for `Retry-After`; absent where waiting would not help. */
  readonly retryAfter?: number;
}

export type Admission =
  | { readonly ok: true; readonly generation: Serving; readonly leave: () => void }
  | { readonly ok: false; readonly refusal: Refusal };

/** What clients are told while no model is there; Truss's own words. */
export const notReadyMessage = "Model with name model is not ready.";

const retryAfterSeconds = 5;
/** How long a process that broke a connection is waited for to end, before it counts as alive after all. */
const doubtMs = 2_000;

/** Decides which generation serves a request, and lets requests wait while there is none. */
export class Gate {
  readonly #waitMs: number;
  #current: Serving | undefined;
  #doubted: Serving | undefined;
  #broken: RemoteError | undefined;
  #shut = false;
  readonly #waiting = new Set<() => void>();

  /** @param waitMs how long a request may wait for a model */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  get current(): Serving | undefined {
    return this.#current?.alive === true ? this.#current : undefined;
  }

  /** The swap: from here on every request goes to this generation. */
  open(generation: Serving): void {
    this.#current = generation;
    this.#broken = undefined;
    this.#wake();
  }

  /**
   * A connection to the generation broke, so that it may be about to end: its listening socket can outlast its
   * connections for a moment. Requests wait until it is gone, or shows that it is alive.
   */
  doubt(generation: Serving): void {
    if (this.#doubted === generation || !generation.alive) return;
    this.#doubted = generation;
    void isAlive(generation).then(() => {
      if (this.#doubted === generation) this.#doubted = undefined;
      this.#wake();
    });
  }

  /** The generation is gone: requests wait for the next. */
  vacate(generation: Serving): void {
    if (this.#current === generation) this.#current = undefined;
  }

  /** Nothing serves and nothing will before the next edit: requests are told at once. */
  fail(error: RemoteError): void {
    this.#broken = error;
    this.#wake();
  }

  /** A new attempt has begun: it is worth waiting again. */
  hope(): void {
    this.#broken = undefined;
  }

  /** Refuses whatever comes from here on. */
  shut(): void {
    this.#shut = true;
    this.#wake();
  }

  /** What is known at once of who serves; `undefined` where that is worth waiting for. */
  decide(): Admission | undefined {
    const { current } = this;
    if (this.#shut) return refuse({ message: "the server is shutting down", retryAfter: retryAfterSeconds });
    if (current !== undefined && current !== this.#doubted)
      return { ok: true, generation: current, leave: current.enter() };
    return this.#broken && refuse({ message: this.#broken.message });
  }

  /** The generation that serves, once there is one; pinned until `leave` is called. */
  async admit(signal: AbortSignal): Promise<Admission> {
    const deadline = performance.now() + this.#waitMs;
    for (;;) {
      const decided = this.decide();
      if (decided !== undefined) return decided;
      const left = deadline - performance.now();
      if (left <= 0 || signal.aborted) return refuse({ message: notReadyMessage, retryAfter: retryAfterSeconds });
      await this.#change(left, signal);
    }
  }

  #change(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener("abort", done);
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    for (const resume of this.#waiting) resume();
  }
}

/** Settles as soon as the generation has either ended or answered. */
async function isAlive(generation: Serving): Promise<void> {
  const answered = takePulse(generation.port, doubtMs).then((pulse) =>
    pulse === "answers" ? true : settlesWithin(generation.ended, doubtMs),
  );
  await Promise.race([answered, generation.ended]);
}

function refuse(refusal: Refusal): Admission {
  return { ok: false, refusal };
}
