import OpenAI from "openai";
import type { ChatCompletionRequest, CompletionRequest, EmbeddingRequest, ModelContext } from "truss-ts";
import { toHttpError } from "./upstream-error.ts";

/** Passes requests on to an OpenAI-compatible server, with a key that clients never see. */
export class Model {
  constructor(private readonly context: ModelContext) {}

  /** `POST /v1/chat/completions` */
  chat_completions(input: ChatCompletionRequest, request: Request) {
    return this.forward((upstream) => upstream.chat.completions.create(input, { signal: request.signal }));
  }

  /** `POST /v1/completions` */
  completions(input: CompletionRequest, request: Request) {
    return this.forward((upstream) => upstream.completions.create(input, { signal: request.signal }));
  }

  /** `POST /v1/embeddings` */
  embeddings(input: EmbeddingRequest, request: Request) {
    // Left to itself, the SDK asks for base64, which not every server can do.
    const body = { ...input, encoding_format: input.encoding_format ?? "float" };
    return this.forward((upstream) => upstream.embeddings.create(body, { signal: request.signal }));
  }

  /** The upstream's answer as it is: a value, or its chunks as they come. Its errors keep their status. */
  private async forward(call: (upstream: OpenAI) => Promise<unknown>): Promise<unknown> {
    try {
      const answer = await call(this.connect());
      return isStream(answer) ? passOn(answer) : answer;
    } catch (error) {
      throw toHttpError(error);
    }
  }

  /** Made for each request, so that a key that was changed is used at once. */
  private connect(): OpenAI {
    return new OpenAI({
      baseURL: process.env["UPSTREAM_BASE_URL"] ?? configuredUrl(this.context.config),
      apiKey: this.context.secrets.get("UPSTREAM_API_KEY"),
      organization: null,
      project: null,
      // The client decides about another try; it knows how long it wants to wait.
      maxRetries: 0,
    });
  }
}

function configuredUrl(config: ModelContext["config"]): string {
  const metadata = config["model_metadata"];
  const url =
    typeof metadata === "object" && metadata !== null && "upstream_base_url" in metadata && metadata.upstream_base_url;
  if (typeof url === "string") return url;
  throw new Error("config.yaml has no model_metadata.upstream_base_url, and UPSTREAM_BASE_URL is not set");
}

async function* passOn(chunks: AsyncIterable<object>): AsyncGenerator<object> {
  try {
    yield* chunks;
  } catch (error) {
    throw toHttpError(error);
  }
}

function isStream(answer: unknown): answer is AsyncIterable<object> {
  return typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;
}
