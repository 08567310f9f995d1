/** What authors write must type-check: this file is checked by `tsc`, never run. */
import type {
  ChatCompletionRequest,
  CompletionRequest,
  EmbeddingRequest,
  Environment,
  Generation,
  GenerationPart,
  MessageRequest,
  ModelClass,
  ModelContext,
  ModelLog,
  ModelMethods,
  ResponseRequest,
  Secrets,
} from "../../src/index.ts";
import { HttpError, toChatCompletion, toCompletion, toEmbeddings, toMessage, toResponse } from "../../src/index.ts";

export class Model {
  private readonly log: ModelLog;

  constructor(private readonly context: ModelContext) {
    this.log = context.log;
  }

  async load() {
    this.log.info("loading", this.context.data_dir);
  }

  setup_environment(environment: Environment | null) {
    this.log.info(environment?.name ?? "nowhere");
  }

  async predict(input: { prompt: string }, request: Request) {
    request.signal.throwIfAborted();
    return { output: await this.answer(input.prompt) };
  }

  chat_completions(input: ChatCompletionRequest, request: Request) {
    return toChatCompletion(input, this.generate(input.messages, request.signal));
  }

  completions(input: CompletionRequest, request: Request) {
    if (typeof input.prompt !== "string") throw new HttpError(400, "One prompt, as text", { param: "prompt" });
    return toCompletion(input, this.generate([input.prompt], request.signal));
  }

  responses(input: ResponseRequest, request: Request) {
    const items = typeof input.input === "string" ? [input.input] : (input.input ?? []);
    return toResponse(input, this.generate(items, request.signal), { model: "mine" });
  }

  messages(input: MessageRequest, request: Request) {
    return toMessage(input, this.generate(input.messages, request.signal));
  }

  embeddings(input: EmbeddingRequest) {
    return toEmbeddings(input, async (texts) => texts.map((text) => new Float32Array([text.length])));
  }

  async websocket(socket: { send(data: string): void }) {
    socket.send("hello");
  }

  is_healthy() {
    return true;
  }

  async close() {}

  private async answer(prompt: string): Promise<string> {
    const key: string = this.context.secrets["KEY"] ?? this.context.secrets.get("KEY");
    return `${prompt} ${key}`;
  }

  private async *generate(messages: readonly unknown[], signal: AbortSignal) {
    if (signal.aborted) return;
    yield `Hello to ${messages.length}`;
    yield { type: "reasoning", text: "hm" } as const;
    yield { type: "tool_call", id: "call_1", name: "look_up", arguments: "{}" } as const;
    yield { type: "usage", input_tokens: 1, output_tokens: 2 } as const;
    yield { type: "finish", reason: "stop" } as const;
  }
}

const asClass: ModelClass = Model;
export const classes: readonly ModelClass[] = [asClass];
export const asMethods = (context: ModelContext): Omit<ModelMethods, "websocket"> => new Model(context);
export const secret = (secrets: Secrets): string => secrets.get("NAME");

/** Whatever a generation may be. */
export const generations: Generation[] = ["text", ["a", { type: "text", text: "b" }], new Set(["a"]), typed()];

async function* typed(): AsyncGenerator<string | GenerationPart> {
  yield { type: "text", text: "a" };
}
