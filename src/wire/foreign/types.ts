import type { BetaMessage, BetaRawMessageStreamEvent } from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type { Message, RawMessageStreamEvent } from "@anthropic-ai/sdk/resources/messages/messages";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions/completions";
import type { Completion } from "openai/resources/completions";
import type { Response, ResponseStreamEvent } from "openai/resources/responses/responses";

/** What the streams of the `openai`, `@anthropic-ai/sdk` and `ai` packages yield. */
export type ForeignItem =
  | ChatCompletionChunk
  | Completion
  | ResponseStreamEvent
  | RawMessageStreamEvent
  | BetaRawMessageStreamEvent
  | AiSdkPart;

/** A whole answer of the `openai` and `@anthropic-ai/sdk` packages, or what `streamText` of the `ai` package gives. */
export type ForeignAnswer = ChatCompletion | Completion | Response | Message | BetaMessage | AiSdkResult;

export interface AiSdkResult {
  readonly fullStream: AsyncIterable<AiSdkPart>;
}

/** A part of the `fullStream` of the `ai` package, which is no dependency: told by its type alone. */
export interface AiSdkPart {
  readonly type:
    | `${"text" | "reasoning" | "tool-input"}-${"start" | "delta" | "end"}`
    | `tool-${"call" | "result" | "error" | "output-denied" | "approval-request" | "approval-response"}`
    | `${"reasoning-" | ""}file`
    | "start"
    | "start-step"
    | "finish-step"
    | "finish"
    | "source"
    | "custom"
    | "abort"
    | "error"
    | "raw";
}

/** Reads what one upstream says, item by item. */
export interface ForeignReader<Part> {
  read(item: Readonly<Record<string, unknown>>): readonly Part[];
  /** Whether the upstream has said why it ended. */
  isFinished(): boolean;
}
