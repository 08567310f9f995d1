export { HttpError, type HttpErrorOptions } from "./errors.ts";
export type { Secrets, ModelContext, ModelLog } from "./model/context.ts";
export type { Answer, Environment, JsonValue, ModelClass, ModelMethods, StreamItem } from "./model/contract.ts";
export type {
  ChatCompletionAnswer,
  ChatCompletionEvent,
  CompletionAnswer,
  CompletionEvent,
  EmbeddingAnswer,
  EndpointAnswer,
  MessageAnswer,
  ResponseAnswer,
  ResponseEvent,
  WholeChatCompletion,
  WholeResponse,
} from "./model/answers.ts";
export type { WebSocket } from "ws";
export { type MessageInput, toMessage } from "./wire/anthropic/messages.ts";
export type { AiSdkPart, AiSdkResult, ForeignAnswer, ForeignItem } from "./wire/foreign/types.ts";
export type {
  FinishPart,
  FinishReason,
  Generation,
  GenerationItem,
  GenerationPart,
  Generations,
  GenerationSource,
  ReasoningPart,
  RefusalPart,
  TextPart,
  TokenLogprob,
  ToolCallPart,
  UsagePart,
} from "./wire/generation.ts";
export type { HelperInput, HelperOptions, StopOptions } from "./wire/input.ts";
export { messagesFrom } from "./wire/messages-from.ts";
export type {
  AssistantPart,
  AssistantTurn,
  AudioPart,
  FilePart,
  ImagePart,
  MediaSource,
  OtherPart,
  PastReasoning,
  ReasoningWish,
  RequestFamily,
  RequestForm,
  ResponseFormat,
  SystemTurn,
  ToolChoice,
  ToolDefinition,
  ToolTurn,
  Turn,
  UserPart,
  UserTurn,
} from "./wire/messages-from/form.ts";
export { toChatRequest } from "./wire/messages-from/to-chat.ts";
export { toMessageRequest } from "./wire/messages-from/to-messages.ts";
export { textOfTurn } from "./wire/messages-from/turns.ts";
export { type ChatCompletionInput, toChatCompletion } from "./wire/openai/chat.ts";
export { type CompletionChunk, type CompletionInput, toCompletion } from "./wire/openai/completions.ts";
export {
  type EmbeddingInput,
  type EmbeddingOptions,
  toEmbeddings,
  type Vector,
  type VectorSource,
} from "./wire/openai/embeddings.ts";
export type { ResponseInput, WireResponse } from "./wire/openai/response-object.ts";
export { type ResponseOptions, toResponse } from "./wire/openai/responses.ts";
export type {
  ChatCompletionRequest,
  CompletionRequest,
  EmbeddingRequest,
  MessageRequest,
  ResponseRequest,
} from "./wire/requests.ts";
