import { setImmediate } from "node:timers/promises";
import type { GenerationPart } from "truss-ts";
import { createRandom, hash } from "./random.ts";
import { createTopicFinder } from "./topic-finder.ts";

export interface AnswerOptions {
  /** What to speak about. */
  topic: string;
  /** Tokens that the question took: they are only counted. */
  promptTokens: number;
  maxTokens: number;
  /** 0 quotes the text, 1 is lively, above it wanders. */
  temperature: number;
  /** The same seed gives the same answer. By default it is made of the topic. */
  seed?: number | undefined;
  /** Which of several answers to the same question: each is another. */
  choice?: number;
  /** Aborting ends the answer. */
  signal: AbortSignal;
}

export interface TextGenerator {
  answer(options: AnswerOptions): AsyncGenerator<GenerationPart>;
  countTokens(text: string): number;
}

/** A token is chosen by the three before it, or two, or one. */
const longestContext = 3;
/** An answer ends with a paragraph, but not before this many tokens. */
const shortestAnswer = 40;
/** Marks the end of a paragraph. */
const end = "";

/** An n-gram model: it learns which words follow which in the text, and speaks by that. */
export function createGenerator(text: string): TextGenerator {
  const paragraphs = text
    .trim()
    .split(/\n{2,}/)
    .map(tokenize);
  const followers = learnFollowers(paragraphs);
  const findOpening = createTopicFinder(paragraphs);

  /** Paragraph after paragraph, without an end. */
  function* speak(topic: string, temperature: number, random: () => number): Generator<string> {
    for (;;) {
      let recent = findOpening(topic, random).slice(0, longestContext);
      yield* recent;
      for (let token = ""; ;) {
        token = chooseNext(followers, recent, temperature, random);
        yield token;
        if (token === end) break;
        recent = [...recent, token].slice(-longestContext);
      }
    }
  }

  async function* answer(options: AnswerOptions): AsyncGenerator<GenerationPart> {
    const random = createRandom((options.seed ?? hash(options.topic)) + (options.choice ?? 0));
    let tokens = 0;
    let gap = "";
    let reason: "stop" | "length" = "stop";
    for (const token of speak(options.topic, options.temperature, random)) {
      if (token === end) {
        if (tokens >= shortestAnswer) break;
        gap = "\n\n";
        continue;
      }
      if (tokens === options.maxTokens) {
        reason = "length";
        break;
      }
      // Lets the server send what there is, and notice that the client has gone.
      await setImmediate();
      if (options.signal.aborted) return;
      tokens += 1;
      // Counted as it goes: a stop sequence may end the answer at any token.
      yield { type: "usage", input_tokens: options.promptTokens, output_tokens: tokens };
      yield { type: "text", text: gap + token };
      gap = "";
    }
    yield { type: "finish", reason };
  }

  return { answer, countTokens: (counted) => tokenize(counted).length };
}

/** Words and marks, each with the space before it: joined, they are the text again. */
export function tokenize(text: string): string[] {
  return text.match(/\s*(?:\p{L}+(?:['-]\p{L}+)*|\p{N}+|[^\s\p{L}\p{N}]+)/gu) ?? [];
}

/** For one, two and three tokens: all that ever followed them, as often as it did. */
function learnFollowers(paragraphs: readonly string[][]): Map<string, string[]> {
  const followers = new Map<string, string[]>();
  for (const paragraph of paragraphs) {
    for (let at = 1; at <= paragraph.length; at++) {
      const next = paragraph[at] ?? end;
      for (let length = 1; length <= Math.min(longestContext, at); length++) {
        const key = paragraph.slice(at - length, at).join("");
        const known = followers.get(key);
        if (known === undefined) followers.set(key, [next]);
        else known.push(next);
      }
    }
  }
  return followers;
}

/** Goes by the longest context that was ever seen; where that leaves no choice, now and then by a shorter one. */
function chooseNext(
  followers: Map<string, string[]>,
  recent: readonly string[],
  temperature: number,
  random: () => number,
): string {
  for (let length = Math.min(longestContext, recent.length); length > 0; length--) {
    const seen = followers.get(recent.slice(-length).join(""));
    if (seen === undefined) continue;
    const forced = seen.every((token) => token === seen[0]);
    if (forced && length > 1 && random() < temperature / 4) continue;
    return pick(seen, temperature, random);
  }
  return end;
}

/** By how often each followed; a low temperature favours the frequent ones, a high one evens them out. */
function pick(seen: readonly string[], temperature: number, random: () => number): string {
  const counts = new Map<string, number>();
  for (const token of seen) counts.set(token, (counts.get(token) ?? 0) + 1);
  const weighted = [...counts].map(([token, count]) => ({
    token,
    weight: (count / seen.length) ** (1 / Math.max(temperature, 0.01)),
  }));
  let left = random() * weighted.reduce((sum, { weight }) => sum + weight, 0);
  return weighted.find(({ weight }) => (left -= weight) <= 0)?.token ?? end;
}
