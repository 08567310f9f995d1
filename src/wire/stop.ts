import type { GenerationPart, TextPart, TokenLogprob } from "./generation.ts";
import type { PartReader } from "./part-reader.ts";

/** The stop sequences of a request: one or a list, of which only texts count. */
export function stopsOf(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((stop): stop is string => typeof stop === "string" && stop !== "");
}

/**
 * Cuts a generation's text at the first of the stop sequences, even where one is spread over several pieces, and ends
 * the generation there. Text that may turn out to begin one is held back until that is known.
 */
export function stopAt(reader: PartReader, stops: readonly string[]): PartReader {
  if (stops.length === 0) return reader;
  const waiting: GenerationPart[] = [];
  let held: TextPart = emptyText;
  let stopped = false;

  const push = (part: TextPart) => {
    held = join(held, part);
    const found = firstStop(held.text, stops);
    if (found === undefined) {
      release(held.text.length - danger(held.text, stops));
      return;
    }
    stopped = true;
    release(found.at);
    waiting.push({ type: "finish", reason: "stop", stop_sequence: found.stop });
  };
  const release = (length: number) => {
    const [ready, rest] = split(held, length);
    if (ready.text !== "") waiting.push(ready);
    held = rest;
  };

  return {
    choice: 0,
    async next() {
      for (;;) {
        if (waiting.length > 0 || stopped) return waiting.shift();
        const part = await reader.next();
        if (part?.type === "text") push(part);
        // Where something else follows, what was held back is no stop sequence's beginning.
        else if (part?.type !== "usage") release(held.text.length);
        if (part === undefined) return waiting.shift();
        if (part.type !== "text") waiting.push(part);
        if (stopped) await reader.close();
      }
    },
    close: () => reader.close(),
  };
}

const emptyText: TextPart = { type: "text", text: "" };

/** The one that is whole first, as a model that stops by itself would meet it; the longer of two that end together. */
function firstStop(text: string, stops: readonly string[]): { at: number; stop: string } | undefined {
  let first: { at: number; stop: string; end: number } | undefined;
  for (const stop of stops) {
    const at = text.indexOf(stop);
    const end = at + stop.length;
    if (at < 0 || (first !== undefined && (end > first.end || (end === first.end && at > first.at)))) continue;
    first = { at, stop, end };
  }
  return first;
}

/** How many characters at the end may turn out to begin a stop sequence. */
function danger(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length -= 1) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}

function join(one: TextPart, two: TextPart): TextPart {
  if (one.text === "") return two;
  return toText(one.text + two.text, [...(one.logprobs ?? []), ...(two.logprobs ?? [])]);
}

/** Tokens go with the piece that they begin in. */
function split(part: TextPart, at: number): [TextPart, TextPart] {
  if (at >= part.text.length) return [part, emptyText];
  const before: TokenLogprob[] = [];
  const after: TokenLogprob[] = [];
  let begins = 0;
  for (const token of part.logprobs ?? []) {
    (begins < at ? before : after).push(token);
    begins += token.token.length;
  }
  return [toText(part.text.slice(0, at), before), toText(part.text.slice(at), after)];
}

function toText(text: string, logprobs: readonly TokenLogprob[]): TextPart {
  return { type: "text", text, ...(logprobs.length === 0 ? {} : { logprobs }) };
}
