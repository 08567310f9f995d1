import type { Completion, CompletionChoice } from "openai/resources/completions";
import { countChoices, readChoices } from "../choices.ts";
import type { Generations } from "../generation.ts";
import { createId, unixSeconds } from "../ids.ts";
import { type HelperInput, modelName, refuse, requireObject, type StopOptions } from "../input.ts";
import type { CompletionRequest } from "../requests.ts";
import { stopAt, stopsOf } from "../stop.ts";
import { readAll, streamEvents } from "../translate.ts";
import { createCompletionEncoder } from "./completion-pieces.ts";

/** What {@link toCompletion} reads of a request. */
export type CompletionInput = CompletionFields | CompletionRequest;

interface CompletionFields extends HelperInput {
  readonly best_of?: number | null;
  readonly logprobs?: number | null;
  readonly n?: number | null;
  readonly prompt?: unknown;
  readonly stop?: string | readonly string[] | null;
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
 *
 * Where the request asks for several answers (`n`), give the function that begins a generation; it is called once for
 * each. Answers with an error 400 for several prompts, for a `best_of` above `n`, and for `n` above 1 where there is
 * no such function.
 *
 * @example
 * completions(input: CompletionRequest, request: Request) {
 *   return toCompletion(input, () => this.generate(input.prompt, request.signal));
 * }
 */
export function toCompletion(
  input: CompletionInput & { readonly stream: true },
  generation: Generations,
  options?: StopOptions,
): AsyncIterableIterator<CompletionChunk>;
export function toCompletion(
  input: CompletionInput & { readonly stream?: false | null | undefined },
  generation: Generations,
  options?: StopOptions,
): Promise<Completion>;
export function toCompletion(
  input: CompletionInput,
  generation: Generations,
  options?: StopOptions,
): Promise<Completion> | AsyncIterableIterator<CompletionChunk>;
export function toCompletion(
  input: CompletionInput,
  generation: Generations,
  options: StopOptions = {},
): Promise<Completion> | AsyncIterableIterator<CompletionChunk> {
  let count = 1;
  const reader = readChoices(generation, {
    count() {
      requireObject(input);
      refuseSeveralPrompts(input.prompt);
      count = countChoices(input);
      return count;
    },
    prepare: (each) => (options.applyStop === true ? stopAt(each, stopsOf(input.stop)) : each),
  });
  const head = { id: createId("cmpl", "-"), created: unixSeconds(), model: modelName(input, options) };
  const encoder = createCompletionEncoder(input, head, count);
  if (input.stream === true) return streamEvents(reader, encoder);
  return readAll(reader, encoder.push).then(encoder.whole);
}

/** An array of texts or of token arrays is several prompts; an array of tokens is one. */
function refuseSeveralPrompts(prompt: unknown): void {
  if (Array.isArray(prompt) && prompt.length > 1 && typeof prompt[0] !== "number") {
    refuse("prompt", "This model completes one prompt a request");
  }
}
