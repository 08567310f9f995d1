import type { WebSocket } from "ws";
import type {
  ChatCompletionAnswer,
  CompletionAnswer,
  EmbeddingAnswer,
  MessageAnswer,
  ResponseAnswer,
} from "./answers.ts";
import type { ModelContext } from "./context.ts";

/** JSON, or anything else that `JSON.stringify` can hold. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** One item of a stream. Strings and bytes go out as they are; anything else is framed by the endpoint's family. */
export type StreamItem = string | Uint8Array | object | number | boolean | null;

/** What an endpoint method may return, or promise. */
export type Answer = unknown | Response | Uint8Array | AsyncIterable<StreamItem> | Iterable<StreamItem>;

/**
 * The methods that `truss-ts` looks for. Every one is optional; one endpoint at least must be there.
 *
 * @example
 * // An answer or a delta that the family does not have is a compile error.
 * export class Model implements ModelMethods { … }
 */
export interface ModelMethods {
  load?(): unknown;
  setup_environment?(environment: Environment | null): unknown;
  preprocess?(input: never, request: Request): unknown;
  predict?(input: never, request: Request): unknown;
  postprocess?(output: never, request: Request): unknown;
  chat_completions?(input: never, request: Request): ChatCompletionAnswer;
  completions?(input: never, request: Request): CompletionAnswer;
  embeddings?(input: never, request: Request): EmbeddingAnswer;
  messages?(input: never, request: Request): MessageAnswer;
  /** Tokens that a request of `messages` would read. Called outside the concurrency limit, and often. */
  count_tokens?(input: never, request: Request): unknown;
  responses?(input: never, request: Request): ResponseAnswer;
  websocket?(socket: WebSocket, request: Request): unknown;
  is_healthy?(): unknown;
  close?(): unknown;
}

/** A Model class: constructed once with the context. */
export interface ModelClass {
  new (context: ModelContext): object;
  readonly name: string;
  readonly prototype: object;
}

/** The platform's environment, such as `{ name: "production" }`. */
export interface Environment {
  readonly name: string;
  readonly [key: string]: unknown;
}

/** Lifecycle methods and hooks, beside the endpoints of the table. */
export const hookMethods = [
  "load",
  "setup_environment",
  "preprocess",
  "postprocess",
  "count_tokens",
  "is_healthy",
  "close",
] as const;
export type HookMethod = (typeof hookMethods)[number];
