import type { ServerResponse } from "node:http";
import { ClientGone } from "./input.ts";
import type { Silence } from "./silence.ts";

/** A stream that has begun: its first item is asked for. */
export interface OpenedStream {
  readonly iterator: AsyncIterator<unknown>;
  /** Settles with the first item. */
  readonly first: PromiseLike<IteratorResult<unknown>>;
  /** How the wait for it ended; a generator that throws first rejects {@link openStream} instead. */
  readonly outcome: "item" | "late" | "gone";
  /** When it was asked for, by `performance.now()`. */
  readonly askedAt: number;
  /** The item's value when it came in time. */
  readonly firstValue: unknown;
}

/** Anything that is streamed item by item. Strings, bytes and arrays are values, not streams. */
export function isStream(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

/** Tells once when the client leaves, at once where it has left; answers with how to stop listening. */
export type OnLeave = (listener: () => void) => () => void;

/** For a client that is known by its socket. */
export function onClose(outgoing: ServerResponse): OnLeave {
  return (listener) => {
    if (outgoing.destroyed) listener();
    outgoing.on("close", listener);
    return () => outgoing.off("close", listener);
  };
}

/** For a client in this process. */
export function onAbort(signal: AbortSignal): OnLeave {
  return (listener) => {
    if (signal.aborted) listener();
    signal.addEventListener("abort", listener);
    return () => signal.removeEventListener("abort", listener);
  };
}

/**
 * Starts the iteration and waits for the first item, but not for a client that leaves. A generator that throws before
 * it yields anything rejects here, so the client gets a real status instead of a 200.
 *
 * @param waitMs how long at most; `undefined`: as long as it takes
 */
export async function openStream(
  source: AsyncIterable<unknown> | Iterable<unknown>,
  waitMs: number | undefined,
  onLeave: OnLeave,
): Promise<OpenedStream> {
  const iterator = iteratorOf(source);
  const askedAt = performance.now();
  const first = Promise.resolve(iterator.next());
  let timer: NodeJS.Timeout | undefined;
  let unlisten: (() => void) | undefined;
  const outcome = await new Promise<IteratorResult<unknown> | "late" | "gone">((resolve, reject) => {
    first.then(resolve, reject);
    if (waitMs !== undefined) timer = setTimeout(resolve, waitMs, "late");
    unlisten = onLeave(() => resolve("gone"));
  }).finally(() => {
    clearTimeout(timer);
    unlisten?.();
  });
  if (typeof outcome === "string") return { iterator, first, askedAt, outcome, firstValue: undefined };
  return { iterator, first, askedAt, outcome: "item", firstValue: outcome.done === true ? undefined : outcome.value };
}

/** As `for await` reads: what a plain generator yields may be promised. */
export function iteratorOf(source: AsyncIterable<unknown> | Iterable<unknown>): AsyncIterator<unknown> {
  if (Symbol.asyncIterator in source) return stoppable(source[Symbol.asyncIterator]());
  const iterator = source[Symbol.iterator]();
  return {
    async next() {
      const { done, value } = iterator.next();
      return done === true ? { done, value } : { done: false, value: await value };
    },
    async return(value?: unknown) {
      return iterator.return?.(value) ?? { done: true, value };
    },
  };
}

/** One that has no `return()` of its own has ended when it is done with the item that it was asked for. */
function stoppable(iterator: AsyncIterator<unknown>): AsyncIterator<unknown> {
  if (typeof iterator.return === "function") return iterator;
  let last: Promise<IteratorResult<unknown>> | undefined;
  return {
    next: () => (last = iterator.next()),
    async return(value?: unknown) {
      await last;
      return { done: true, value };
    },
  };
}

/** Ends one that was not asked for anything yet, and never will be. Never throws. */
export async function dropStream(source: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
  try {
    await iteratorOf(source).return?.();
  } catch {}
}

/** Ends a stream early by its `return()`; resolves once it has really ended. Never throws. */
export async function stopStream({ iterator, first }: OpenedStream): Promise<void> {
  // It may still fail at what it was doing; nobody is left to be told, nor of a failure to clean up.
  first.then(undefined, () => undefined);
  try {
    await iterator.return?.();
  } catch {}
}

/**
 * Joins what a stream yields: text and bytes become one string, anything else a list of the items. When the client
 * leaves, the generator's `return()` is called at once, and {@link ClientGone} is thrown when it has really ended.
 */
export async function gather(
  source: AsyncIterable<unknown> | Iterable<unknown>,
  onLeave: OnLeave,
  silence: Silence,
): Promise<unknown> {
  silence.begin();
  const opened = await openStream(source, undefined, onLeave).finally(() => silence.end());
  let stopped: Promise<void> | undefined;
  const unlisten = onLeave(() => {
    stopped = stopStream(opened);
  });
  try {
    const items = await readItems(opened, silence, () => stopped !== undefined);
    if (stopped === undefined) return join(items);
  } catch (error) {
    if (stopped === undefined) throw error;
  } finally {
    unlisten();
    silence.stop();
    await stopped;
  }
  throw new ClientGone();
}

async function readItems({ iterator, first }: OpenedStream, silence: Silence, isStopped: () => boolean) {
  const items: unknown[] = [];
  for (let next = first; ; next = iterator.next()) {
    silence.begin();
    const step = await next;
    silence.end();
    if (step.done === true || isStopped()) return items;
    items.push(step.value);
  }
}

function join(items: readonly unknown[]): unknown {
  if (!items.every((item) => typeof item === "string" || item instanceof Uint8Array)) return items;
  const parts = items.map((item) => (typeof item === "string" ? Buffer.from(item) : item));
  return Buffer.concat(parts).toString("utf8");
}
