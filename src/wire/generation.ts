import type { ForeignAnswer, ForeignItem } from "./foreign/types.ts";

/** How likely a token was, as models that know it can tell. */
export interface TokenLogprob {
  readonly token: string;
  /** The natural logarithm of its probability. */
  readonly logprob: number;
  /** Its UTF-8 bytes. @default those of `token` */
  readonly bytes?: readonly number[] | null;
  /** The likeliest tokens at its place. */
  readonly top_logprobs?: readonly Omit<TokenLogprob, "top_logprobs">[];
}

/** A piece of the answer's text. */
export interface TextPart {
  readonly type: "text";
  readonly text: string;
  /** Of the tokens in `text`. Clients get them where they ask for them. */
  readonly logprobs?: readonly TokenLogprob[];
}

/** A piece of what a reasoning model thinks before it answers. */
export interface ReasoningPart {
  readonly type: "reasoning";
  readonly text: string;
  /** The provider's seal on its thinking, where it has one: it ends this stretch of reasoning. `text` may be empty. */
  readonly signature?: string;
}

/** A piece of the model's refusal to answer, where it is told apart from an answer. */
export interface RefusalPart {
  readonly type: "refusal";
  readonly text: string;
}

/** A tool's call, whole or in pieces: parts with an id that was seen before continue that call. */
export interface ToolCallPart {
  readonly type: "tool_call";
  /** Comes back with the tool's result, so it is passed on as given. */
  readonly id: string;
  /** May be empty in pieces after the first. */
  readonly name: string;
  /** A JSON object, as text; joined, where it comes in pieces. Nothing at all stands for `{}`. */
  readonly arguments: string;
}

/** Tokens read and written so far. The last one counts. */
export interface UsagePart {
  readonly type: "usage";
  /** All of the prompt, what came from a cache included. */
  readonly input_tokens: number;
  /** All of the answer, reasoning included. */
  readonly output_tokens: number;
  readonly cached_input_tokens?: number;
  readonly reasoning_tokens?: number;
}

export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";

/** Why the answer ends. Without one it is `tool_calls` after a tool call, else `stop`. */
export interface FinishPart {
  readonly type: "finish";
  readonly reason: FinishReason;
  /** The stop sequence that was met, where `reason` is `stop` for that. */
  readonly stop_sequence?: string | null;
}

export type GenerationPart = TextPart | ReasoningPart | RefusalPart | ToolCallPart | UsagePart | FinishPart;

/** What a generation yields: text, parts, or what the streams of SDKs yield. */
export type GenerationItem = string | GenerationPart | ForeignItem;

/** A model's answer as it comes into being: pieces of text, or parts, or the stream of an SDK. */
export type Generation = AsyncIterable<GenerationItem> | Iterable<GenerationItem>;

/** What the `to*` helpers take: a generation, the whole text or an SDK's whole answer, or a promise of any of these. */
export type GenerationSource = Generation | string | ForeignAnswer | PromiseLike<Generation | string | ForeignAnswer>;

/**
 * A generation, or the function that begins one: it is called once for each answer that the request asks for with
 * `n`, and not at all where the request is refused.
 */
export type Generations = GenerationSource | ((index: number) => GenerationSource);
