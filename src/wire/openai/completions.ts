import type { Completion, CompletionChoice } from "openai/resources/completions";
import { estimateTokens, promptLength } from "../estimate.ts";
import { createPartReader, type GenerationPart, type GenerationSource, type UsagePart } from "../generation.ts";
import { createId, unixSeconds } from "../ids.ts";
import { type HelperInput, type HelperOptions, modelName, refuse, refuseMany, requireObject } from "../input.ts";
import { type Encoder, readAll, streamEvents } from "../translate.ts";
import { toUsage, wantsUsage } from "./usage.ts";
import type { CompletionRequest } from "../requests.ts";

/** What {@link toCompletion} reads of a request. */
export type CompletionInput = CompletionFields | CompletionRequest;

interface CompletionFields extends HelperInput {
  readonly prompt?: unknown;
  readonly n?: number | null;
  readonly best_of?: number | null;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
}

/** A piece of a streamed completion: as the whole one, but why it ends is known at its end only. */
export type CompletionChunk = Omit<Completion, "choices" | "usage"> & {
  choices: (Omit<CompletionChoice, "finish_reason"> & { finish_reason: CompletionChoice["finish_reason"] | null })[];
  usage?: Completion["usage"] | null;
};

/**
 * Answers `POST /v1/completions` from a generation: with a stream of pieces where the request has `stream: true`,
 * else with the whole completion. Reasoning is left out; a tool call is an error, since a completion cannot hold it.
 * Answers with an error 400 where the request asks for several completions (`n`, `best_of`, several prompts).
 *
 * @example
 * completions(input: CompletionRequest, request: Request) {
 *   return toCompletion(input, this.generate(input.prompt, request.signal));
 * }
 */
export function toCompletion(
  input: CompletionInput & { readonly stream: true },
  generation: GenerationSource,
  options?: HelperOptions,
): AsyncIterableIterator<CompletionChunk>;
export function toCompletion(
  input: CompletionInput & { readonly stream?: false | null | undefined },
  generation: GenerationSource,
  options?: HelperOptions,
): Promise<Completion>;
export function toCompletion(
  input: CompletionInput,
  generation: GenerationSource,
  options?: HelperOptions,
): Promise<Completion> | AsyncIterableIterator<CompletionChunk>;
export function toCompletion(
  input: CompletionInput,
  generation: GenerationSource,
  options: HelperOptions = {},
): Promise<Completion> | AsyncIterableIterator<CompletionChunk> {
  const reader = createPartReader(generation);
  requireObject(input);
  refuseMany(input);
  refuseSeveralPrompts(input.prompt);
  const encoder = createCompletionEncoder(input, {
    id: createId("cmpl", "-"),
    object: "text_completion",
    created: unixSeconds(),
    model: modelName(input, options),
  });
  if (input.stream === true) return streamEvents(reader, encoder);
  return readAll(reader, encoder.push).then(encoder.whole);
}

/** An array of texts or of token arrays is several prompts; an array of tokens is one. */
function refuseSeveralPrompts(prompt: unknown): void {
  if (Array.isArray(prompt) && prompt.length > 1 && typeof prompt[0] !== "number") {
    refuse("prompt", "This model completes one prompt a request");
  }
}

type Head = Pick<Completion, "id" | "object" | "created" | "model">;

function createCompletionEncoder(
  input: CompletionInput,
  head: Head,
): Encoder<CompletionChunk> & { whole(): Completion } {
  const withUsage = wantsUsage(input);
  const texts: string[] = [];
  let reason: CompletionChoice["finish_reason"] = "stop";
  let usage: UsagePart | undefined;

  const choice = <R>(text: string, finishReason: R) => ({
    text,
    index: 0,
    logprobs: null,
    finish_reason: finishReason,
  });
  const chunk = (choices: CompletionChunk["choices"]): CompletionChunk => ({
    ...head,
    choices,
    ...(withUsage ? { usage: null } : {}),
  });
  const push = (part: GenerationPart): CompletionChunk[] => {
    switch (part.type) {
      case "text":
        texts.push(part.text);
        return part.text === "" ? [] : [chunk([choice(part.text, null)])];
      case "usage":
        usage = part;
        return [];
      case "finish":
        reason = part.reason === "tool_calls" ? "stop" : part.reason;
        return [];
      case "reasoning":
        return [];
      case "tool_call":
        throw new TypeError("a text completion cannot hold a tool call");
    }
  };
  const known = () =>
    usage ?? {
      input_tokens: estimateTokens(promptLength(input.prompt)),
      output_tokens: estimateTokens(promptLength(texts)),
    };

  return {
    start: () => [],
    push,
    finish() {
      const last = chunk([choice("", reason)]);
      return withUsage ? [last, { ...chunk([]), usage: toUsage(known()) }] : [last];
    },
    whole: () => ({
      ...head,
      choices: [choice(texts.join(""), reason)],
      ...(usage === undefined ? {} : { usage: toUsage(usage) }),
    }),
  };
}
