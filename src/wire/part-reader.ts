import { type ErrorFamily, fromUpstream } from "./foreign/upstream-error.ts";
import type { GenerationPart, GenerationSource } from "./generation.ts";
import { createItemReader, describe, isForeignAnswer } from "./parts.ts";

/** Reads a generation part by part. */
export interface PartReader {
  /** The next part; `undefined` at the end. */
  next(): Promise<GenerationPart | undefined>;
  /** Ends the generation early, by its `return()`. Idempotent; does nothing after the end. */
  close(): Promise<void>;
  /** Which of several generations the part that was read last is of. */
  readonly choice: number;
}

/** Errors that SDKs throw keep what they say, as far as clients of the `family` understand it. */
export function createPartReader(source: GenerationSource, family: ErrorFamily = "openai"): PartReader {
  const opening = Promise.resolve(source).then(openSource);
  // Nobody may ever read: a rejected promise is then no reason to end the process.
  opening.catch(() => undefined);
  const items = createItemReader();
  /** Parts of an item that held several. */
  let waiting: readonly GenerationPart[] = [];
  let taken = 0;
  let opened: OpenSource | undefined;
  let over = false;

  const close = async () => {
    if (over) return;
    over = true;
    const source = opened ?? (await opening.catch(() => undefined));
    await source?.close();
  };
  const step = async (source: OpenSource): Promise<GenerationPart | undefined> => {
    for (;;) {
      const result = await endOnThrow(source.iterator);
      if (over) return undefined;
      if (result.done === true) {
        over = true;
        await source.ended();
        items.end();
        return undefined;
      }
      const read = items.read(await result.value);
      if (!isList(read)) return read;
      if (read.length > 0) {
        waiting = read;
        taken = 1;
        return read[0];
      }
    }
  };
  /** An iterator that threw has ended by itself. */
  const endOnThrow = async (iterator: PartIterator): Promise<IteratorResult<unknown>> => {
    try {
      return await iterator.next();
    } catch (error) {
      over = true;
      throw error;
    }
  };

  return {
    choice: 0,
    async next() {
      if (over) return undefined;
      if (taken < waiting.length) return waiting[taken++];
      try {
        opened ??= await opening;
        return over ? undefined : await step(opened);
      } catch (error) {
        await close();
        throw fromUpstream(error, family);
      }
    },
    close,
  };
}

type PartIterator = Iterator<unknown> | AsyncIterator<unknown>;

interface OpenSource {
  readonly iterator: PartIterator;
  /** Throws where it has ended by a failure that its iterator kept to itself. */
  ended(): Promise<unknown>;
  close(): Promise<unknown>;
}

function openSource(source: unknown): OpenSource {
  const iterator = openIterator(source);
  return {
    iterator,
    ended: () => failureOf(source),
    async close() {
      // A generator that waits hears of its end only when it goes on; an SDK's stream can be told at once.
      abort(source);
      await iterator.return?.();
    },
  };
}

function openIterator(source: unknown): PartIterator {
  if (typeof source === "string") return [source][Symbol.iterator]();
  if (typeof source === "object" && source !== null) {
    if (Symbol.asyncIterator in source) return (source as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    if (Array.isArray(source)) holdRejections(source);
    if (Symbol.iterator in source) return (source as Iterable<unknown>)[Symbol.iterator]();
    if ("fullStream" in source) return openIterator(source.fullStream);
    if (isForeignAnswer(source)) return [source][Symbol.iterator]();
  }
  throw new TypeError(`a generation is a string, or an iterable of strings and parts, not ${describe(source)}`);
}

/** Plain JavaScript may have promises in a list; one that fails before its turn is no reason to end the process. */
function holdRejections(list: readonly unknown[]): void {
  for (const item of list) if (item instanceof Promise) item.catch(() => undefined);
}

/** Streams of the `openai` and `@anthropic-ai/sdk` packages have their request's controller. */
function abort(source: unknown): void {
  if (typeof source !== "object" || source === null || !("controller" in source)) return;
  const { controller } = source;
  if (controller instanceof AbortController) controller.abort();
}

/** The SDKs' stream helpers end like any other when they fail and nobody is reading just then. */
async function failureOf(source: unknown): Promise<unknown> {
  if (typeof source !== "object" || source === null || !("errored" in source) || source.errored !== true) return;
  if ("done" in source && typeof source.done === "function") await source.done();
}

function isList(read: GenerationPart | readonly GenerationPart[]): read is readonly GenerationPart[] {
  return Array.isArray(read);
}
