import type { GenerationPart } from "./generation.ts";
import type { PartReader } from "./part-reader.ts";

/** Turns the parts of a request's generations (mostly one) into a family's events. */
export interface Encoder<Event> {
  /** The events before any part. */
  start(): readonly Event[];
  push(part: GenerationPart, choice: number): readonly Event[];
  /** The events after the last part. */
  finish(): readonly Event[];
}

/**
 * A generation as a family's stream of events. Nothing is yielded before the generation's first part (or its end), so
 * that an error ahead of it can still become an HTTP status. `return()` ends the generation at once, also while its
 * next part is awaited.
 */
export function streamEvents<Event>(reader: PartReader, encoder: Encoder<Event>): AsyncIterableIterator<Event> {
  let events: readonly Event[] = [];
  let taken = 0;
  let started = false;
  /** No part is to be read any more. */
  let closed = false;
  const pause = createPause();
  // Written by hand and not as a generator, which costs more for each token.
  let working = 0;
  let last: Promise<IteratorResult<Event>> | undefined;

  const step = async (): Promise<IteratorResult<Event>> => {
    try {
      while (!closed && taken >= events.length) {
        const turn = pause();
        if (turn !== undefined) await turn;
        const part = await reader.next();
        if (closed) break;
        events = encode(part);
        taken = 0;
        closed = part === undefined;
      }
      if (taken >= events.length) return { done: true, value: undefined };
      return { done: false, value: events[taken++] as Event };
    } catch (error) {
      end();
      await reader.close();
      throw error;
    } finally {
      working -= 1;
    }
  };
  const end = () => {
    closed = true;
    events = [];
    taken = 0;
  };
  const encode = (part: GenerationPart | undefined): readonly Event[] => {
    if (started) return part === undefined ? encoder.finish() : encoder.push(part, reader.choice);
    started = true;
    if (part === undefined) return [...encoder.start(), ...encoder.finish()];
    if (part.type !== "usage") return [...encoder.start(), ...encoder.push(part, reader.choice)];
    // What is counted from the start stands in the first event.
    encoder.push(part, reader.choice);
    return encoder.start();
  };

  return {
    next() {
      working += 1;
      last = working === 1 || last === undefined ? step() : last.then(step, step);
      return last;
    },
    async return() {
      end();
      await reader.close();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Reads generations to their ends; ends them early where a part cannot be taken. */
export async function readAll(
  reader: PartReader,
  take: (part: GenerationPart, choice: number) => unknown,
): Promise<void> {
  try {
    const pause = createPause();
    for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
      take(part, reader.choice);
      const turn = pause();
      if (turn !== undefined) await turn;
    }
  } finally {
    await reader.close();
  }
}

/** So many parts are read before the time is looked at, and so long (milliseconds) before others have their turn. */
const partsBetweenLooks = 64;
const turnMs = 5;

/** A generation that waits for nothing would keep the event loop: to be awaited after each part. */
function createPause(): () => Promise<void> | undefined {
  let parts = 0;
  let began = performance.now();
  const turn = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    began = performance.now();
  };
  return () => {
    parts += 1;
    if (parts % partsBetweenLooks !== 0 || performance.now() - began < turnMs) return undefined;
    return turn();
  };
}
