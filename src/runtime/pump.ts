import type { PublicError } from "../wire/errors.ts";
import type { Framer } from "../wire/framer.ts";
import type { Deadline } from "./deadline.ts";
import { type Silence, watchSilence } from "./silence.ts";
import { type OpenedStream, stopStream } from "./stream.ts";

/** Where a stream goes: a socket, or a web stream. */
export interface Sink {
  /** Takes one chunk; false: the next is wanted only after the pump's `resume` is called. */
  write(chunk: string | Uint8Array): boolean;
  /** Whether what is written now would be taken up at once. */
  isFree(): boolean;
  end(): void;
  /** Breaks off, so that nobody takes this for a clean end. */
  cut(): void;
}

export interface PumpHooks {
  /** The generator threw; says what clients may know of it. */
  readonly onError: (error: unknown) => PublicError;
  /** The work has really ended: returned, thrown, or stopped after the client left. */
  readonly onEnd: () => void;
  readonly deadline: Deadline;
  /** Longest silence between two items, in milliseconds. */
  readonly readTimeoutMs?: number | undefined;
  /** A silent stream says so each time this has passed, in milliseconds. */
  readonly keepAliveMs?: number | undefined;
}

/** How long items that wait for nothing may keep all else from running, sockets and aborts too. Milliseconds. */
const sliceMs = 5;

/** One stream on its way out, item by item, no faster than its sink takes them. */
export class Pump {
  readonly #opened: OpenedStream;
  readonly #framer: Framer;
  readonly #sink: Sink;
  readonly #hooks: PumpHooks;
  readonly #silence: Silence;
  #begun = false;
  #over = false;
  #wake: (() => void) | undefined;
  readonly #unlisten: () => void;

  constructor(opened: OpenedStream, framer: Framer, sink: Sink, hooks: PumpHooks) {
    this.#opened = opened;
    this.#framer = framer;
    this.#sink = sink;
    this.#hooks = hooks;
    this.#silence = watchSilence({
      keepAliveMs: hooks.keepAliveMs,
      onKeepAlive: () => this.#sayAlive(),
      timeoutMs: hooks.readTimeoutMs,
      onTimeout: () => hooks.deadline.silent(),
    });
    this.#unlisten = hooks.deadline.onPass((error) => this.#fail(error));
  }

  /** The sink wants something, for the first time or again. */
  resume(): void {
    if (this.#begun) return this.#goOn();
    this.#begun = true;
    return void this.#flow().catch((error: unknown) => this.#fail(error));
  }

  /** The client has left: the generator is stopped. Idempotent. */
  async leave(): Promise<void> {
    if (this.#over) return;
    this.#stop();
    await this.#end();
  }

  async #flow(): Promise<void> {
    const { iterator } = this.#opened;
    // The first item goes out before another is asked for.
    let turnedAt = -Infinity;
    let asked: number | undefined = this.#opened.askedAt;
    for (let next: unknown = this.#opened.first; ; next = iterator.next()) {
      const now = this.#silence.begin(asked);
      asked = undefined;
      const step = (await next) as IteratorResult<unknown>;
      // The client left meanwhile: what still comes is for nobody.
      if (this.#over) return;
      this.#silence.end();
      const chunk = step.done === true ? this.#framer.end() : this.#framer.frame(step.value);
      const taken = chunk.length === 0 || this.#sink.write(chunk);
      if (step.done === true) return this.#finish();
      if (!taken) await new Promise<void>((resolve) => (this.#wake = resolve));
      if (now - turnedAt >= sliceMs) turnedAt = await nextTurn();
      // Before the generator is asked again.
      if (this.#over) return;
    }
  }

  #finish(): void {
    this.#stop();
    this.#sink.end();
    this.#hooks.onEnd();
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#stop();
    try {
      const frame = this.#framer.fail(this.#hooks.onError(error));
      if (frame !== undefined) this.#sink.write(frame);
      if (frame === undefined) this.#sink.cut();
      else this.#sink.end();
    } finally {
      void this.#end();
    }
  }

  #sayAlive(): void {
    const sign = this.#sink.isFree() ? this.#framer.keepAlive() : undefined;
    if (sign !== undefined) this.#sink.write(sign);
  }

  #stop(): void {
    this.#over = true;
    this.#silence.stop();
    this.#unlisten();
    this.#goOn();
  }

  async #end(): Promise<void> {
    await stopStream(this.#opened);
    this.#hooks.onEnd();
  }

  #goOn(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

async function nextTurn(): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve));
  return performance.now();
}
