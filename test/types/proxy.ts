/** What the helpers take of other packages, as `docs/protocols.md` shows it: checked by `tsc`, never run. */
import type Anthropic from "@anthropic-ai/sdk";
import { type generateText, type LanguageModel, streamText } from "ai";
import type OpenAI from "openai";
import {
  type ChatCompletionRequest,
  type EmbeddingRequest,
  type MessageRequest,
  messagesFrom,
  type ResponseRequest,
  textOfTurn,
  toChatCompletion,
  toChatRequest,
  toCompletion,
  toEmbeddings,
  toMessage,
  toMessageRequest,
  toResponse,
} from "../../src/index.ts";

declare const openai: OpenAI;
declare const anthropic: Anthropic;
declare const model: LanguageModel;

export class Model {
  messages(input: MessageRequest, request: Request) {
    const body = { ...toChatRequest(messagesFrom(input, "messages")), model: "gpt-5.1" };
    return toMessage(input, openai.chat.completions.create(body, { signal: request.signal }));
  }

  chat_completions(input: ChatCompletionRequest, request: Request) {
    const body = { ...toMessageRequest(messagesFrom(input, "chat_completions")), model: "claude-sonnet-5" };
    return toChatCompletion(input, anthropic.messages.create(body, { signal: request.signal }));
  }

  responses(input: ResponseRequest, request: Request) {
    const prompt = messagesFrom(input, "responses").messages.map(textOfTurn).join("\n");
    return toResponse(input, streamText({ model, prompt, abortSignal: request.signal }));
  }

  embeddings(input: EmbeddingRequest) {
    return toEmbeddings(input, openai.embeddings.create({ ...input, encoding_format: "float" }));
  }
}

/** Streams, the helpers around them, whole answers, and either as the request asks. */
export function everySource(chat: ChatCompletionRequest, response: ResponseRequest, message: MessageRequest) {
  return [
    toMessage(message, openai.chat.completions.create(chat)),
    toMessage(message, streamText({ model, prompt: "Hi" }).fullStream),
    toMessage(message, openai.chat.completions.stream({ ...chat, stream: true })),
    toMessage(message, openai.responses.create(response)),
    toChatCompletion(chat, openai.responses.stream({ model: "m", input: "Hi" })),
    toChatCompletion(chat, () => anthropic.messages.create(message)),
    toResponse(response, anthropic.messages.stream(message)),
    toResponse(response, anthropic.beta.messages.create({ model: "m", max_tokens: 9, messages: [], stream: true })),
    toCompletion({ prompt: "Hi", n: 2 }, (index) => openai.completions.create({ model: "m", prompt: `${index}` })),
  ];
}

/** Parts of one's own between those of an upstream. */
export async function* around(): AsyncGenerator<string | OpenAI.ChatCompletionChunk> {
  yield "First, ";
  yield* await openai.chat.completions.create({ model: "m", messages: [], stream: true });
}
void toMessage({}, around());

// @ts-expect-error a whole answer of the AI SDK is no generation; what streams is
void toMessage({}, {} as Awaited<ReturnType<typeof generateText>>);
