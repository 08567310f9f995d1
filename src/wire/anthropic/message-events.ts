import type {
  ContentBlock,
  Message,
  MessageDeltaUsage,
  RawContentBlockDelta,
  RawMessageStreamEvent,
  StopReason,
  TextBlock,
  ToolUseBlock,
} from "@anthropic-ai/sdk/resources/messages/messages";
import { estimateTokens } from "../estimate.ts";
import type { FinishReason, ToolCallPart, UsagePart } from "../generation.ts";
import { createId } from "../ids.ts";
import type { Encoder } from "../translate.ts";

export interface MessageStart {
  readonly model: string;
  /** Tokens of the request, for want of a count. */
  readonly inputEstimate: number;
}

/** The events of a message, one block open at a time, and the message that they add up to. */
export function createMessageEncoder(begin: MessageStart): Encoder<RawMessageStreamEvent> & { message(): Message } {
  const id = createId("msg");
  const blocks = createBlockWriter();
  let finish: FinishReason | undefined;
  let usage: Pick<UsagePart, "input_tokens" | "output_tokens"> | undefined;

  const counted = () =>
    deltaUsage(usage ?? { input_tokens: begin.inputEstimate, output_tokens: estimateTokens(blocks.characters()) });

  const message = (ended: boolean): Message => ({
    id,
    type: "message",
    role: "assistant",
    model: begin.model,
    content: ended ? [...blocks.content] : [],
    stop_reason: ended ? stopReason(finish, blocks.content) : null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: { ...counted(), ...unknownUsage },
  });

  return {
    start: () => [{ type: "message_start", message: message(false) }],
    push(part) {
      switch (part.type) {
        case "text":
        case "reasoning":
          return blocks.append(part.type, part.text);
        case "tool_call":
          return blocks.call(part);
        case "usage":
          usage = part;
          return [];
        case "finish":
          finish = part.reason;
          return [];
      }
    },
    finish() {
      const events = blocks.close();
      const { stop_reason, stop_sequence, stop_details, container } = message(true);
      const delta = { stop_reason, stop_sequence, stop_details, container };
      return [...events, { type: "message_delta", delta, usage: counted() }, { type: "message_stop" }];
    },
    message: () => message(true),
  };
}

/** A block whose text is still coming. */
interface OpenBlock {
  readonly kind: "text" | "reasoning";
  readonly pieces: string[];
}

/** Writes content blocks, and keeps the finished ones. */
function createBlockWriter() {
  const content: ContentBlock[] = [];
  let open: OpenBlock | undefined;
  let characters = 0;

  const close = (): RawMessageStreamEvent[] => {
    if (open === undefined) return [];
    content.push(toBlock(open.kind, open.pieces.join("")));
    open = undefined;
    return [{ type: "content_block_stop", index: content.length - 1 }];
  };

  return {
    content: content as readonly ContentBlock[],
    /** Length of all that was written, in UTF-16 units. */
    characters: () => characters,
    close,
    append(kind: OpenBlock["kind"], text: string): RawMessageStreamEvent[] {
      characters += text.length;
      if (text === "") return [];
      const events = open?.kind === kind ? [] : close();
      const index = content.length;
      if (open === undefined) {
        open = { kind, pieces: [] };
        events.push({ type: "content_block_start", index, content_block: toBlock(kind, "") });
      }
      open.pieces.push(text);
      return [...events, { type: "content_block_delta", index, delta: toDelta(kind, text) }];
    },
    call(part: ToolCallPart): RawMessageStreamEvent[] {
      characters += part.arguments.length;
      const events = close();
      const index = content.length;
      const block = toToolUse(part);
      content.push(block);
      return [
        ...events,
        { type: "content_block_start", index, content_block: { ...block, input: {} } },
        { type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json: part.arguments } },
        { type: "content_block_stop", index },
      ];
    },
  };
}

function toBlock(kind: OpenBlock["kind"], text: string): ContentBlock {
  // The SDK's type asks for `citations: null`, which other clients refuse; the service leaves it out as well.
  if (kind === "text") return { type: "text", text } as TextBlock;
  // A signature cannot be made up: it is the provider's seal on its own thinking.
  return { type: "thinking", thinking: text, signature: "" };
}

function toDelta(kind: OpenBlock["kind"], text: string): RawContentBlockDelta {
  return kind === "text" ? { type: "text_delta", text } : { type: "thinking_delta", thinking: text };
}

function toToolUse(part: ToolCallPart): ToolUseBlock {
  return {
    type: "tool_use",
    id: part.id,
    name: part.name,
    input: parseArguments(part),
    caller: { type: "direct" },
  };
}

function parseArguments(part: ToolCallPart): object {
  const input: unknown = part.arguments.trim() === "" ? {} : tryParse(part.arguments);
  if (typeof input === "object" && input !== null && !Array.isArray(input)) return input;
  throw new TypeError(`the arguments of the tool call ${part.name} are not a JSON object`);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const stopReasons = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  content_filter: "refusal",
} as const satisfies Record<FinishReason, StopReason>;

function stopReason(finish: FinishReason | undefined, content: readonly ContentBlock[]): StopReason {
  if (finish !== undefined) return stopReasons[finish];
  return content.some((block) => block.type === "tool_use") ? "tool_use" : "end_turn";
}

function deltaUsage(usage: Pick<UsagePart, "input_tokens" | "output_tokens">) {
  return {
    input_tokens: usage.input_tokens,
    output_tokens: usage.output_tokens,
    cache_creation_input_tokens: null,
    cache_read_input_tokens: null,
    output_tokens_details: null,
    server_tool_use: null,
  } satisfies MessageDeltaUsage;
}

/** Fields that newer clients expect and that only Anthropic's own service knows. */
const unknownUsage = { cache_creation: null, inference_geo: null, service_tier: null, speed: null };
