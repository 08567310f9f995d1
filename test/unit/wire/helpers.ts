import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { GenerationPart } from "../../../src/index.ts";

/** Parses a whole text of server-sent events, as a client would. */
export function parseSse(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  parser.feed(text);
  return events;
}

export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** The given items, one by one; `fail` is thrown after the last. */
export async function* generate(
  items: readonly (string | GenerationPart)[],
  fail?: Error,
): AsyncGenerator<string | GenerationPart> {
  for (const item of items) yield item;
  if (fail !== undefined) throw fail;
}

/** A generation that never comes to its next part, until it is ended from outside. */
export function createStuckGeneration() {
  let wake: ((result: IteratorResult<string>) => void) | undefined;
  let given = false;
  const state = { returned: 0, waiting: Promise.resolve() };
  let told: () => void = () => undefined;
  state.waiting = new Promise((resolve) => (told = resolve));
  const iterable: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next() {
        if (!given) {
          given = true;
          return Promise.resolve({ done: false, value: "first" });
        }
        return new Promise<IteratorResult<string>>((resolve) => {
          wake = resolve;
          told();
        });
      },
      return() {
        state.returned += 1;
        wake?.({ done: true, value: undefined });
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  return { iterable, state };
}
