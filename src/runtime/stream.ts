import { setTimeout as delay } from "node:timers/promises";
import type { PublicError } from "../wire/errors.ts";
import { ClientGone } from "./input.ts";
import type { Framer } from "../wire/framer.ts";

/** How long an answer waits for its first item, so that an early failure still gets a status. Milliseconds. */
export const firstItemGraceMs = 500;

/** The first item of a stream, where it came in time. */
export interface OpenedStream {
  readonly iterator: AsyncIterator<unknown> | Iterator<unknown>;
  /** Settles with the first item. */
  readonly first: Promise<IteratorResult<unknown>>;
  /** Its value when it came within the grace time. */
  readonly firstValue: unknown;
}

/** Anything that is streamed item by item. Strings, bytes and arrays are values, not streams. */
export function isStream(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

/**
 * Starts the iteration and waits a moment for the first item. A generator that throws before it yields anything
 * rejects here, so the client gets a real status instead of a 200.
 */
export async function openStream(source: AsyncIterable<unknown> | Iterable<unknown>): Promise<OpenedStream> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const first = Promise.resolve(iterator.next());
  const timer = new AbortController();
  const late = delay(firstItemGraceMs, undefined, { signal: timer.signal }).catch(() => undefined);
  const settled = await Promise.race([first, late]);
  timer.abort();
  return { iterator, first, firstValue: settled?.done === true ? undefined : settled?.value };
}

export interface StreamHooks {
  /** The generator threw; says what clients may know of it. */
  readonly onError: (error: unknown) => PublicError;
  /** No in-band form exists: the connection must not end cleanly. False where there is none to cut. */
  readonly cut: () => boolean;
  /** The work has really ended: returned, thrown, or stopped after the client left. */
  readonly onEnd: () => void;
  /** Longest silence between two items, in milliseconds. */
  readonly readTimeoutMs?: number;
}

/** One chunk an item, pulled only as fast as the client reads; cancelling it stops the generator. */
export function toByteStream(opened: OpenedStream, framer: Framer, hooks: StreamHooks): ReadableStream<Uint8Array> {
  const { iterator } = opened;
  let pending: Promise<IteratorResult<unknown>> | undefined = opened.first;
  let ended = false;
  let left = false;
  const end = () => {
    if (ended) return;
    ended = true;
    hooks.onEnd();
  };
  const stop = async () => {
    try {
      await iterator.return?.();
    } catch {
      // Its own cleaning up failed; nobody is left to be told.
    } finally {
      end();
    }
  };

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          for (;;) {
            const step = await withTimeout(pending ?? Promise.resolve(iterator.next()), hooks.readTimeoutMs);
            pending = undefined;
            // The client left meanwhile: what still comes is for nobody.
            if (left) return;
            const chunk = toBytes(step.done === true ? framer.end() : framer.frame(step.value));
            if (chunk.byteLength > 0) controller.enqueue(chunk);
            if (step.done === true) {
              controller.close();
              return end();
            }
            if (chunk.byteLength > 0) return;
          }
        } catch (error) {
          if (left) return;
          try {
            fail(controller, framer, hooks, error);
          } finally {
            void stop();
          }
        }
      },
      cancel() {
        left = true;
        return stop();
      },
    },
    { highWaterMark: 0 },
  );
}

function fail(
  controller: ReadableStreamDefaultController<Uint8Array>,
  framer: Framer,
  hooks: StreamHooks,
  error: unknown,
): void {
  const frame = framer.fail(hooks.onError(error));
  if (frame !== undefined) {
    controller.enqueue(toBytes(frame));
    controller.close();
    return;
  }
  // Whoever reads this for the connection cancels it when that has closed; told of an error before, it would end the
  // answer as if all were well, and the request's signal would never abort.
  if (!hooks.cut()) controller.error(new Error("the stream failed"));
}

/**
 * Joins what a stream yields: text and bytes become one string, anything else a list of the items. Stops the
 * generator, and throws {@link ClientGone}, at the first item after the client has left.
 */
export async function gather(
  source: AsyncIterable<unknown> | Iterable<unknown>,
  isGone: () => boolean,
): Promise<unknown> {
  const items: unknown[] = [];
  for await (const item of source) {
    // Nobody waits for the rest. Leaving the loop calls the generator's return().
    if (isGone()) throw new ClientGone();
    items.push(item);
  }
  if (!items.every((item) => typeof item === "string" || item instanceof Uint8Array)) return items;
  const parts = items.map((item) => (typeof item === "string" ? Buffer.from(item) : item));
  return Buffer.concat(parts).toString("utf8");
}

const encoder = new TextEncoder();

function toBytes(chunk: string | Uint8Array): Uint8Array {
  return typeof chunk === "string" ? encoder.encode(chunk) : chunk;
}

async function withTimeout<T>(work: Promise<T>, ms: number | undefined): Promise<T> {
  if (ms === undefined) return work;
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).then(() => {
    throw new StreamTimeout(ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
    late.catch(() => undefined);
  }
}

/** `runtime.streaming_read_timeout` has passed between two items. */
export class StreamTimeout extends Error {
  constructor(ms: number) {
    super(`the stream was silent for ${ms / 1000} s (runtime.streaming_read_timeout)`);
    this.name = "StreamTimeout";
  }
}
