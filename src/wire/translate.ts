import type { GenerationPart, PartReader } from "./generation.ts";

/** Turns the parts of one generation into a family's events. */
export interface Encoder<Event> {
  /** The events before any part. */
  start(): readonly Event[];
  push(part: GenerationPart): readonly Event[];
  /** The events after the last part. */
  finish(): readonly Event[];
}

/**
 * A generation as a family's stream of events. Nothing is yielded before the generation's first part (or its end), so
 * that an error ahead of it can still become an HTTP status. `return()` ends the generation at once, also while its
 * next part is awaited.
 */
export function streamEvents<Event>(reader: PartReader, encoder: Encoder<Event>): AsyncIterableIterator<Event> {
  const events = encodeParts(reader, encoder);
  return {
    next: () => events.next(),
    async return() {
      const [, result] = await Promise.all([reader.close(), events.return(undefined)]);
      return result;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Reads a generation to its end; ends it early where a part cannot be taken. */
export async function readAll(reader: PartReader, take: (part: GenerationPart) => unknown): Promise<void> {
  try {
    for (let part = await reader.next(); part !== undefined; part = await reader.next()) take(part);
  } finally {
    await reader.close();
  }
}

async function* encodeParts<Event>(reader: PartReader, encoder: Encoder<Event>): AsyncGenerator<Event, undefined> {
  try {
    let part = await reader.next();
    for (const event of encoder.start()) yield event;
    while (part !== undefined) {
      for (const event of encoder.push(part)) yield event;
      part = await reader.next();
    }
    for (const event of encoder.finish()) yield event;
  } finally {
    await reader.close();
  }
}
