import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HttpError, messagesFrom, textOfTurn, toChatCompletion, toMessage, toResponse } from "truss-ts";
import type { ChatCompletionRequest, GenerationPart, MessageRequest } from "truss-ts";
import type { ModelContext, RequestForm, ResponseRequest } from "truss-ts";
import { createGenerator } from "./generator.ts";
import type { TextGenerator } from "./generator.ts";

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
    const form = messagesFrom(input, "chat_completions");
    const answer = (choice: number) => this.generate(form, request.signal, choice);
    return toChatCompletion(input, answer, { applyStop: true });
  }

  /** `POST /v1/messages`: the Anthropic SDK, Claude Code. */
  messages(input: MessageRequest, request: Request) {
    const answer = this.generate(messagesFrom(input, "messages"), request.signal);
    return toMessage(input, answer, { applyStop: true });
  }

  /** `POST /v1/responses`: the OpenAI SDK's newer API, Codex. */
  responses(input: ResponseRequest, request: Request) {
    return toResponse(input, this.generate(messagesFrom(input, "responses"), request.signal));
  }

  /** The one generator behind all three. It yields text as it comes, what it has cost so far, and why it ended. */
  private generate(form: RequestForm, signal: AbortSignal, choice = 0): AsyncIterable<GenerationPart> {
    if (this.generator === undefined) throw new Error("load() has not run");
    const question = form.messages.findLast(({ role }) => role === "user");
    // The client's mistake: a 400 says so, and its SDK does not try again.
    if (question === undefined) throw new HttpError(400, "Give at least one message of the user");
    return this.generator.answer({
      topic: textOfTurn(question),
      promptTokens: this.generator.countTokens([form.system, ...form.messages.map(textOfTurn)].join("\n")),
      maxTokens: form.max_tokens ?? 300,
      temperature: form.temperature ?? 1,
      seed: form.seed,
      choice,
      signal,
    });
  }
}
