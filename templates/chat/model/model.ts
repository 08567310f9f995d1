import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HttpError, toChatCompletion, toMessage, toResponse } from "truss-ts";
import type { ChatCompletionRequest, GenerationPart, MessageRequest, ModelContext, ResponseRequest } from "truss-ts";
import { lastUserText, textOf } from "./conversation.ts";
import { createGenerator } from "./generator.ts";
import type { TextGenerator } from "./generator.ts";

/** What a request may ask for; each API names it differently. */
interface Wishes {
  maxTokens?: number | null | undefined;
  temperature?: number | null | undefined;
  stop?: string | string[] | null | undefined;
  seed?: number | null | undefined;
  signal: AbortSignal;
}

/** One generator, three APIs. Put your own model into `load` and `generate`; the rest can stay. */
export class Model {
  private generator: TextGenerator | undefined;

  constructor(private readonly context: ModelContext) {}

  async load(): Promise<void> {
    const text = await readFile(join(this.context.data_dir, "wonderland.txt"), "utf8");
    this.generator = createGenerator(text);
  }

  /** `POST /v1/chat/completions`: the OpenAI SDK, and nearly everything else. */
  chat_completions(input: ChatCompletionRequest, request: Request) {
    requireMessages(input.messages, "messages");
    const answer = this.generate(input.messages, {
      maxTokens: input.max_completion_tokens ?? input.max_tokens,
      temperature: input.temperature,
      stop: input.stop,
      seed: input.seed,
      signal: request.signal,
    });
    return toChatCompletion(input, answer);
  }

  /** `POST /v1/messages`: the Anthropic SDK, Claude Code. */
  messages(input: MessageRequest, request: Request) {
    requireMessages(input.messages, "messages");
    const answer = this.generate([input.system, input.messages].flat(), {
      maxTokens: input.max_tokens,
      // Newer models of theirs take none, so the SDK's type has lost it; clients still send it.
      temperature: "temperature" in input && typeof input.temperature === "number" ? input.temperature : undefined,
      stop: input.stop_sequences,
      signal: request.signal,
    });
    return toMessage(input, answer);
  }

  /** `POST /v1/responses`: the OpenAI SDK's newer API, Codex. */
  responses(input: ResponseRequest, request: Request) {
    if (typeof input.input !== "string") requireMessages(input.input, "input");
    const answer = this.generate([input.instructions, input.input].flat(), {
      maxTokens: input.max_output_tokens,
      temperature: input.temperature,
      signal: request.signal,
    });
    return toResponse(input, answer);
  }

  /** The one generator behind all three. It yields text as it comes, then what it cost and why it ended. */
  private generate(messages: unknown[], wishes: Wishes): AsyncIterable<GenerationPart> {
    if (this.generator === undefined) throw new Error("load() has not run");
    return this.generator.answer({
      topic: lastUserText(messages),
      promptTokens: this.generator.countTokens(textOf(messages)),
      maxTokens: wishes.maxTokens ?? 300,
      temperature: wishes.temperature ?? 1,
      stop: [wishes.stop ?? []].flat(),
      seed: wishes.seed ?? undefined,
      signal: wishes.signal,
    });
  }
}

/** A request without a question is the client's mistake: a 400 says so, and its SDK does not try again. */
function requireMessages(messages: unknown, param: string): void {
  if (Array.isArray(messages) && messages.length > 0) return;
  throw new HttpError(400, `${param} must be a list with at least one message`, { param });
}
