import { HttpError } from "../errors.ts";
import type { ErrorFamily } from "./foreign/upstream-error.ts";
import type { GenerationPart, Generations } from "./generation.ts";
import { refuse } from "./input.ts";
import { createPartReader, type PartReader } from "./part-reader.ts";

/** Most answers that one request may ask for, as at OpenAI. */
const maxChoices = 128;

/** How many answers a request asks for. Refuses what is no number of answers. */
export function countChoices(input: { readonly n?: number | null; readonly best_of?: number | null }): number {
  const count = input.n ?? 1;
  if (!Number.isInteger(count) || count < 1 || count > maxChoices) {
    throw new HttpError(400, `n must be a whole number from 1 to ${maxChoices}`, { param: "n" });
  }
  const bestOf: unknown = input.best_of ?? count;
  if (typeof bestOf !== "number" || bestOf > count)
    refuse("best_of", "This model gives all that it makes: best_of must be n");
  return count;
}

export interface ChoiceOptions {
  /** Throws where the request is refused, else says how many answers it asks for. */
  readonly count: () => number;
  /** What is done with each reader before it is read. */
  readonly prepare?: (reader: PartReader) => PartReader;
  /** @default "openai" */
  readonly family?: ErrorFamily;
}

/**
 * Reads a request's generations at once, part by part as they come. A generation that was begun already is one answer,
 * so that several are refused with a 400; a function begins as many as are asked for. What was begun for a request
 * that is refused is ended.
 */
export function readChoices(source: Generations, options: ChoiceOptions): PartReader {
  const { count, prepare = (reader) => reader, family = "openai" } = options;
  if (typeof source !== "function") {
    const reader = createPartReader(source, family);
    try {
      if (count() > 1) refuse("n", "This model gives one answer a request: n must be 1");
      return prepare(reader);
    } catch (error) {
      reader.close().catch(() => undefined);
      throw error;
    }
  }
  const readers = Array.from({ length: count() }, (_, index) =>
    prepare(createPartReader(begin(source, index), family)),
  );
  const [only] = readers;
  return readers.length === 1 && only !== undefined ? only : merge(readers);
}

/** One that cannot even begin fails as it would at its first part, so that the others are ended. */
function begin(source: Extract<Generations, (index: number) => unknown>, index: number) {
  try {
    return source(index);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** The parts of several readers in the order of their coming; of each, one is read ahead. */
function merge(readers: readonly PartReader[]): PartReader {
  const come: { choice: number; part: GenerationPart | undefined }[] = [];
  let left = readers.length;
  let choice = 0;
  let failure: { error: unknown } | undefined;
  let wake: () => void = () => undefined;
  let begun = false;

  const read = (index: number) => {
    const arrived = readers[index]?.next().then(
      (part) => void come.push({ choice: index, part }),
      (error: unknown) => void (failure ??= { error }),
    );
    void arrived?.then(() => wake());
  };
  const close = async () => void (await Promise.all(readers.map((reader) => reader.close())));

  return {
    get choice() {
      return choice;
    },
    async next() {
      if (!begun) readers.forEach((_, index) => read(index));
      begun = true;
      for (;;) {
        if (failure !== undefined) {
          await close();
          throw failure.error;
        }
        const next = come.shift();
        if (next?.part !== undefined) {
          choice = next.choice;
          read(choice);
          return next.part;
        }
        if (next !== undefined) left -= 1;
        if (left === 0) return undefined;
        if (next === undefined) await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    close,
  };
}
