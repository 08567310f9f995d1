import type { Message, RawMessageStreamEvent } from "@anthropic-ai/sdk/resources/messages/messages";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions/completions";
import type { Completion, CompletionChoice } from "openai/resources/completions";
import type { CreateEmbeddingResponse, Embedding } from "openai/resources/embeddings";
import type { Response as OpenAIResponse, ResponseStreamEvent } from "openai/resources/responses/responses";

/**
 * What a method may return, or promise: the whole answer, a stream of its events, or a `Response`. Strings and bytes in
 * a stream go out as they are.
 */
export type EndpointAnswer<Whole, Event> = MaybePromise<
  Whole | Response | AsyncIterable<Event | string | Uint8Array> | Iterable<Event | Uint8Array>
>;

type MaybePromise<T> = T | PromiseLike<T>;

/** Reasoning travels in `reasoning_content`, which OpenAI's types lack and most clients read. */
type Reasoned<T> = T & { reasoning_content?: string | null };
type WithChoices<T, Choice> = Omit<T, "choices"> & { choices: Choice[] };

/** The whole answer of `POST /v1/chat/completions`. */
export type WholeChatCompletion = WithChoices<
  ChatCompletion,
  Omit<ChatCompletion.Choice, "message"> & { message: Reasoned<ChatCompletion.Choice["message"]> }
>;
/** One chunk of its stream. */
export type ChatCompletionEvent = WithChoices<
  ChatCompletionChunk,
  Omit<ChatCompletionChunk.Choice, "delta"> & { delta: Reasoned<ChatCompletionChunk.Choice["delta"]> }
>;
/** One chunk of a stream of `POST /v1/completions`: why it ends is known at the end. */
export type CompletionEvent = Omit<Completion, "choices" | "usage"> & {
  choices: (Omit<CompletionChoice, "finish_reason"> & { finish_reason: CompletionChoice["finish_reason"] | null })[];
  usage?: Completion["usage"] | null;
};
/** `output_text` is added by the SDK, and is not on the wire; what may be absent may be null there. */
export type WholeResponse = NullableOptions<Omit<OpenAIResponse, "output_text">>;
type NullableOptions<T> = { [K in keyof T]: object extends Pick<T, K> ? T[K] | null : T[K] };
type ResponseWith<Event> = Event extends { response: OpenAIResponse }
  ? Omit<Event, "response"> & { response: WholeResponse }
  : Event;
/** One event of a stream of `POST /v1/responses`. */
export type ResponseEvent = ResponseWith<ResponseStreamEvent>;

export type ChatCompletionAnswer = EndpointAnswer<WholeChatCompletion, ChatCompletionEvent>;
export type CompletionAnswer = EndpointAnswer<Completion, CompletionEvent>;
export type ResponseAnswer = EndpointAnswer<WholeResponse, ResponseEvent>;
export type MessageAnswer = EndpointAnswer<Message, RawMessageStreamEvent>;
/** Vectors as numbers, or as the base64 of their float32 bytes. */
export type EmbeddingAnswer = MaybePromise<
  | Response
  | (Omit<CreateEmbeddingResponse, "data"> & {
      data: (Omit<Embedding, "embedding"> & { embedding: number[] | string })[];
    })
>;
