import { setImmediate } from "node:timers/promises";
import type { GenerationPart } from "truss-ts";

export interface ContinuationOptions {
  maxTokens: number;
  /** 0 quotes the first place that fits, 1 is lively, above it wanders. */
  temperature: number;
  stop: readonly string[];
  /** The same seed gives the same continuation. */
  seed: number;
  /** Whether the prompt comes first. */
  echo: boolean;
  signal: AbortSignal;
}

/** So many characters at the end of the text are looked up in the book: mostly they are in one place only. */
const longMatch = 16;
/** Now and then so few, which are in many places: there the continuation leaves what it was quoting. */
const shortMatch = 4;

/**
 * Continues the prompt word by word. Each word is one that follows, somewhere in the book, the same characters that
 * the text ends with now: a model that needs no training, only the book.
 */
export async function* continueText(
  book: string,
  prompt: string,
  { maxTokens, temperature, stop, seed, echo, signal }: ContinuationOptions,
): AsyncGenerator<GenerationPart> {
  const random = createRandom(seed);
  let text = prompt;
  let written = "";
  let sent = 0;
  let tokens = 0;
  let stopAt = -1;
  if (echo) yield { type: "text", text: prompt };
  // Text is held back while it may still turn out to be a stop sequence.
  const held = Math.max(0, ...stop.map((sequence) => sequence.length - 1));
  while (tokens < maxTokens && stopAt < 0) {
    await setImmediate();
    if (signal.aborted) return;
    const word = nextWord(book, text, temperature, random);
    text += word;
    written += word;
    tokens += 1;
    stopAt = findStop(written, stop);
    const ready = stopAt < 0 ? written.length - held : stopAt;
    if (ready > sent) yield { type: "text", text: written.slice(sent, ready) };
    sent = Math.max(sent, ready);
  }
  if (stopAt < 0 && sent < written.length) yield { type: "text", text: written.slice(sent) };
  yield { type: "usage", input_tokens: wordsIn(prompt), output_tokens: tokens };
  yield { type: "finish", reason: stopAt < 0 ? "length" : "stop" };
}

function nextWord(book: string, text: string, temperature: number, random: () => number): string {
  const longest = random() < temperature / 4 ? shortMatch : longMatch;
  for (let length = Math.min(longest, text.length); length >= 0; length--) {
    const places = findAll(book, text.slice(text.length - length));
    if (places.length === 0) continue;
    const place = places[Math.floor(random() * places.length * Math.min(1, temperature))] ?? 0;
    return book.slice(place).match(/^(?:\s*[^\s]+|\s+)/)?.[0] ?? "\n";
  }
  return "\n";
}

/** Where the characters end, wherever they are in the book; for none at all, wherever a line ends. */
function findAll(book: string, characters: string): number[] {
  const wanted = characters === "" ? "\n" : characters;
  const places: number[] = [];
  for (let at = book.indexOf(wanted); at >= 0; at = book.indexOf(wanted, at + 1)) {
    if (at + wanted.length < book.length) places.push(at + characters.length);
  }
  return places;
}

function findStop(text: string, stop: readonly string[]): number {
  const found = stop.map((sequence) => (sequence === "" ? -1 : text.indexOf(sequence))).filter((at) => at >= 0);
  return found.length === 0 ? -1 : Math.min(...found);
}

function wordsIn(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

/** Numbers from 0 to 1 that look random and are the same for the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
