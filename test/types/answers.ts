/** What the helpers give back, as the official SDK packages declare it: checked by `tsc`, never run. */
import type { Message, RawMessageStreamEvent } from "@anthropic-ai/sdk/resources/messages/messages";
import type OpenAI from "openai";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions/completions";
import type { Completion } from "openai/resources/completions";
import type { CreateEmbeddingResponse } from "openai/resources/embeddings";
import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import type {
  ChatCompletionRequest,
  CompletionRequest,
  EmbeddingRequest,
  MessageRequest,
  ResponseRequest,
} from "../../src/index.ts";
import { HttpError, toChatCompletion, toCompletion, toEmbeddings, toMessage, toResponse } from "../../src/index.ts";

type Streamed<T> = AsyncIterable<T>;

export const chat: Promise<ChatCompletion> = toChatCompletion({ stream: false }, "a");
export const chatByDefault: Promise<ChatCompletion> = toChatCompletion({ model: "m" }, "a");
export const chatStream: Streamed<ChatCompletionChunk> = toChatCompletion({ stream: true }, "a");
export const completion: Promise<Completion> = toCompletion({ prompt: "a" }, "a");
export const completionStream: Streamed<{ choices: { text: string }[] }> = toCompletion({ stream: true }, "a");
export const response: Promise<{ id: string; output: unknown[]; store: boolean }> = toResponse({ input: "a" }, "a");
export const responseStream: Streamed<ResponseStreamEvent> = toResponse({ stream: true }, "a");
export const message: Promise<Message> = toMessage({ model: "m" }, "a");
export const messageStream: Streamed<RawMessageStreamEvent> = toMessage({ stream: true }, "a");
export const embeddings: Promise<CreateEmbeddingResponse> = toEmbeddings({ input: "a" }, [[1]]);

/** A request's `stream` may be true, false or absent, so its answer is either. */
export function either(input: ChatCompletionRequest): Promise<ChatCompletion> | Streamed<ChatCompletionChunk> {
  return toChatCompletion(input, "a");
}

export const requests: [
  ChatCompletionRequest[],
  CompletionRequest[],
  ResponseRequest[],
  MessageRequest[],
  EmbeddingRequest[],
] = [
  [
    { model: "m", messages: [] },
    { model: "m", messages: [], stream: true },
    { model: "m", messages: [], stream: null },
  ],
  [
    { model: "m", prompt: "a" },
    { model: "m", prompt: ["a"], stream: true },
  ],
  [{ model: "m", input: "a" }, { stream: true }],
  [
    { model: "m", max_tokens: 1, messages: [] },
    { model: "m", max_tokens: 1, messages: [], stream: true },
  ],
  [{ model: "m", input: [1, 2], encoding_format: "base64" }],
];

/** A request can be passed on to an upstream as it is. */
export function passOn(client: OpenAI, input: ChatCompletionRequest, signal: AbortSignal) {
  return client.chat.completions.create(input, { signal });
}

// @ts-expect-error a status is a number
export const notAStatus = new HttpError("404", "no");
// @ts-expect-error a part has a known type
toChatCompletion({}, [{ type: "image", url: "a" }]);
// @ts-expect-error a streamed answer is not a promise
export const notWhole: Promise<ChatCompletion> = toChatCompletion({ stream: true }, "a");
// @ts-expect-error vectors are numbers
void toEmbeddings({ input: "a" }, [["1"]]);
