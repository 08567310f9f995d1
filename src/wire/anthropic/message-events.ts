import type {
  ContentBlock,
  Message,
  MessageDeltaUsage,
  RawMessageStreamEvent,
  StopReason,
} from "@anthropic-ai/sdk/resources/messages/messages";
import { estimateTokens } from "../estimate.ts";
import type { FinishPart, FinishReason, GenerationPart, UsagePart } from "../generation.ts";
import { createId } from "../ids.ts";
import type { Encoder } from "../translate.ts";
import { createBlockWriter } from "./message-blocks.ts";

export interface MessageStart {
  readonly model: string;
  /** Tokens of the request, for want of a count. */
  readonly inputEstimate: number;
}

/** The events of a message, and the message that they add up to. */
export function createMessageEncoder(begin: MessageStart): Encoder<RawMessageStreamEvent> & { message(): Message } {
  const id = createId("msg");
  const blocks = createBlockWriter();
  let finish: FinishPart | undefined;
  let usage: UsagePart | undefined;
  let refused = false;
  let characters = 0;
  /** Clients add up what they are told, and pass over a null that follows a number. */
  const told = { cached: false, reasoning: false };

  const estimate = () => ({ input_tokens: begin.inputEstimate, output_tokens: estimateTokens(characters) });
  const counted = () => toUsage(usage ?? { type: "usage", ...estimate() }, told);
  const message = (ended: boolean): Message => ({
    id,
    type: "message",
    role: "assistant",
    model: begin.model,
    content: ended ? [...blocks.content] : [],
    stop_reason: ended ? stopReason(finish, blocks.content, refused) : null,
    stop_sequence: ended && finish?.reason === "stop" ? (finish.stop_sequence ?? null) : null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: { ...counted(), ...unknownUsage },
  });
  const write = (part: Exclude<GenerationPart, UsagePart | FinishPart>) => {
    characters += (part.type === "tool_call" ? part.arguments : part.text).length;
    switch (part.type) {
      case "text":
        return blocks.text(part.text);
      case "refusal":
        refused = true;
        return blocks.text(part.text);
      case "reasoning":
        return blocks.reasoning(part);
      case "tool_call":
        return blocks.call(part);
    }
  };

  return {
    start: () => [{ type: "message_start", message: message(false) }],
    push(part) {
      if (part.type === "usage") usage = part;
      else if (part.type === "finish") finish = part;
      else return write(part);
      return [];
    },
    finish() {
      const events = blocks.end(finish?.reason === "length" || finish?.reason === "content_filter");
      const { stop_reason, stop_sequence, stop_details, container } = message(true);
      const delta = { stop_reason, stop_sequence, stop_details, container };
      return [...events, { type: "message_delta", delta, usage: counted() }, { type: "message_stop" }];
    },
    message: () => message(true),
  };
}

const stopReasons = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  content_filter: "refusal",
} as const satisfies Record<FinishReason, StopReason>;

function stopReason(finish: FinishPart | undefined, content: readonly ContentBlock[], refused: boolean): StopReason {
  // The other families tell a refusal by its text, and may end with it as with any other.
  if (refused && finish?.reason !== "length") return "refusal";
  if (finish?.reason === "stop" && typeof finish.stop_sequence === "string") return "stop_sequence";
  if (finish !== undefined) return stopReasons[finish.reason];
  return content.some((block) => block.type === "tool_use") ? "tool_use" : "end_turn";
}

/** Anthropic counts what a cache gave beside the other input. Notes in `told` which details were ever told. */
function toUsage(usage: UsagePart, told: { cached: boolean; reasoning: boolean }) {
  const { cached_input_tokens: cached, reasoning_tokens: reasoning } = usage;
  told.cached ||= cached !== undefined;
  told.reasoning ||= reasoning !== undefined;
  return {
    input_tokens: Math.max(0, usage.input_tokens - (cached ?? 0)),
    output_tokens: usage.output_tokens,
    cache_creation_input_tokens: null,
    cache_read_input_tokens: told.cached ? (cached ?? 0) : null,
    output_tokens_details: told.reasoning ? { thinking_tokens: reasoning ?? 0 } : null,
    server_tool_use: null,
  } satisfies MessageDeltaUsage;
}

/** Fields that newer clients expect and that only Anthropic's own service knows. */
const unknownUsage = { cache_creation: null, inference_geo: null, service_tier: null, speed: null };
