import type { MessageCreateParamsBase } from "@anthropic-ai/sdk/resources/messages/messages";
import type { ChatCompletionCreateParamsBase } from "openai/resources/chat/completions/completions";
import type { CompletionCreateParamsBase } from "openai/resources/completions";
import type { EmbeddingCreateParams } from "openai/resources/embeddings";
import type { ResponseCreateParamsBase } from "openai/resources/responses/responses";

/** Body of `POST /v1/chat/completions`, as the official `openai` package declares it. `stream` may be true. */
export type ChatCompletionRequest = ChatCompletionCreateParamsBase;

/** Body of `POST /v1/completions`, as the official `openai` package declares it. `stream` may be true. */
export type CompletionRequest = CompletionCreateParamsBase;

/** Body of `POST /v1/embeddings`, as the official `openai` package declares it. */
export type EmbeddingRequest = EmbeddingCreateParams;

/** Body of `POST /v1/responses`, as the official `openai` package declares it. `stream` may be true. */
export type ResponseRequest = ResponseCreateParamsBase;

/** Body of `POST /v1/messages`, as the official `@anthropic-ai/sdk` package declares it. `stream` may be true. */
export type MessageRequest = MessageCreateParamsBase;
