import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HttpError, toCompletion } from "truss-ts";
import type { CompletionRequest, ModelContext } from "truss-ts";
import { continueText } from "./continuation.ts";

/** Continues a prompt in the manner of one book. Put your own model into `load` and `completions`. */
export class Model {
  private book = "";

  constructor(private readonly context: ModelContext) {}

  async load(): Promise<void> {
    this.book = await readFile(join(this.context.data_dir, "paradise-lost.txt"), "utf8");
  }

  /** `POST /v1/completions`. The answer is streamed or whole, as the client asks. */
  completions(input: CompletionRequest, request: Request) {
    const continuation = continueText(this.book, onlyText(input.prompt), {
      maxTokens: input.max_tokens ?? 16,
      temperature: input.temperature ?? 1,
      stop: [input.stop ?? []].flat(),
      seed: input.seed ?? 1,
      echo: input.echo === true,
      signal: request.signal,
    });
    return toCompletion(input, continuation);
  }
}

/** The API also takes tokens and lists of prompts; this model has no tokens, and answers one prompt at a time. */
function onlyText(prompt: CompletionRequest["prompt"]): string {
  const only = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt;
  if (typeof only === "string") return only;
  throw new HttpError(400, "Give one prompt, as a string", { param: "prompt" });
}
