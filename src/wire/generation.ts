/** A piece of the answer's text. */
export interface TextPart {
  readonly type: "text";
  readonly text: string;
}

/** A piece of what a reasoning model thinks before it answers. */
export interface ReasoningPart {
  readonly type: "reasoning";
  readonly text: string;
}

/** One whole call of a tool. */
export interface ToolCallPart {
  readonly type: "tool_call";
  /** Comes back with the tool's result, so it is passed on as given. */
  readonly id: string;
  readonly name: string;
  /** A JSON object, as text. */
  readonly arguments: string;
}

/** Tokens read and written so far. The last one counts. */
export interface UsagePart {
  readonly type: "usage";
  readonly input_tokens: number;
  readonly output_tokens: number;
}

export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";

/** Why the answer ends. Without one it is `tool_calls` after a tool call, else `stop`. */
export interface FinishPart {
  readonly type: "finish";
  readonly reason: FinishReason;
}

export type GenerationPart = TextPart | ReasoningPart | ToolCallPart | UsagePart | FinishPart;

/** A model's answer as it comes into being: pieces of text, or parts. */
export type Generation = AsyncIterable<string | GenerationPart> | Iterable<string | GenerationPart>;

/** What the `to*` helpers take: a generation, or the whole text, or a promise of either. */
export type GenerationSource = Generation | string | PromiseLike<Generation | string>;

/** Reads a generation part by part. */
export interface PartReader {
  /** The next part; `undefined` at the end. */
  next(): Promise<GenerationPart | undefined>;
  /** Ends the generation early, by its `return()`. Idempotent; does nothing after the end. */
  close(): Promise<void>;
}

export function createPartReader(source: GenerationSource): PartReader {
  const opening = Promise.resolve(source).then(openIterator);
  // Nobody may ever read: a rejected promise is then no reason to end the process.
  opening.catch(() => undefined);
  let over = false;
  const close = async () => {
    if (over) return;
    over = true;
    const iterator = await opening.catch(() => undefined);
    await iterator?.return?.();
  };
  return {
    async next() {
      const iterator = await opening;
      if (over) return undefined;
      const result = await endOnThrow(() => iterator.next());
      if (over) return undefined;
      if (result.done === true) {
        over = true;
        return undefined;
      }
      try {
        return toPart(await result.value);
      } catch (error) {
        await close();
        throw error;
      }
    },
    close,
  };

  /** An iterator that threw has ended by itself. */
  async function endOnThrow<T>(step: () => T | PromiseLike<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      over = true;
      throw error;
    }
  }
}

type PartIterator = Iterator<unknown> | AsyncIterator<unknown>;

function openIterator(source: Generation | string): PartIterator {
  if (typeof source === "string") return [source][Symbol.iterator]();
  if (typeof source === "object" && source !== null) {
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return source[Symbol.iterator]();
  }
  throw new TypeError(`a generation is a string, or an iterable of strings and parts, not ${describe(source)}`);
}

/** Authors also write plain JavaScript, so the parts are looked at. */
function toPart(item: unknown): GenerationPart {
  if (typeof item === "string") return { type: "text", text: item };
  const part = item as GenerationPart | null | undefined;
  switch (part?.type) {
    case "text":
    case "reasoning":
      return checked(part, typeof part.text === "string", "text must be a string");
    case "tool_call": {
      const texts = [part.id, part.name, part.arguments];
      const whole = texts.every((text) => typeof text === "string");
      return checked(part, whole, "id, name and arguments must be strings");
    }
    case "usage": {
      const whole = isCount(part.input_tokens) && isCount(part.output_tokens);
      return checked(part, whole, "input_tokens and output_tokens must be counts");
    }
    case "finish":
      return checked(part, finishReasons.includes(part.reason), `reason must be one of ${finishReasons.join(", ")}`);
    default:
      throw new TypeError(
        `a generation yields strings and parts such as { type: "text", text }, not ${describe(item)}`,
      );
  }
}

const finishReasons: readonly FinishReason[] = ["stop", "length", "tool_calls", "content_filter"];

function checked(part: GenerationPart, valid: boolean, rule: string): GenerationPart {
  if (!valid) throw new TypeError(`a part of a generation is wrong: in ${part.type}, ${rule}`);
  return part;
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return "type" in value ? `an object of type ${String(value.type)}` : "an object without a type";
}
