import type {
  ContentBlock,
  RawContentBlockDelta,
  TextBlock,
  ToolUseBlock,
} from "@anthropic-ai/sdk/resources/messages/messages";
import type { JsonWatch } from "../json-watch.ts";

/** A block whose content is still coming, or waits for its turn. */
export type Block = TextualBlock | CallBlock;

export interface TextualBlock {
  readonly kind: "text" | "reasoning";
  readonly pieces: string[];
  /** Ends the block: nothing is added to what is sealed. */
  signature: string;
}

export interface CallBlock {
  readonly kind: "call";
  readonly id: string;
  readonly name: string;
  readonly pieces: string[];
  readonly json: JsonWatch;
}

/** A call is known to be whole by its JSON; a text is as soon as something else begins. */
export function isWhole(block: Block): boolean {
  return block.kind !== "call" || block.json.state !== "open";
}

export function toStart(block: Block): ContentBlock {
  return block.kind === "call" ? toToolUse(block, {}) : toTextual(block.kind, "", "");
}

export function toBlock(block: Block, cutShort: boolean): ContentBlock {
  if (block.kind === "call") return toToolUse(block, parseArguments(block, cutShort));
  return toTextual(block.kind, block.pieces.join(""), block.signature);
}

function toTextual(kind: TextualBlock["kind"], text: string, signature: string): ContentBlock {
  // The SDK's type asks for `citations: null`, which other clients refuse; the service leaves it out as well.
  if (kind === "text") return { type: "text", text } as TextBlock;
  // A signature cannot be made up: it is the provider's seal on its own thinking.
  return { type: "thinking", thinking: text, signature };
}

export function toDelta(kind: Block["kind"], text: string): RawContentBlockDelta {
  if (kind === "call") return { type: "input_json_delta", partial_json: text };
  return kind === "text" ? { type: "text_delta", text } : { type: "thinking_delta", thinking: text };
}

export function toSeal(signature: string): RawContentBlockDelta {
  return { type: "signature_delta", signature };
}

function toToolUse(block: CallBlock, input: object): ToolUseBlock {
  return { type: "tool_use", id: block.id, name: block.name, input, caller: { type: "direct" } };
}

function parseArguments(block: CallBlock, cutShort: boolean): object {
  const text = block.pieces.join("");
  const input: unknown = text.trim() === "" ? {} : tryParse(text);
  if (typeof input === "object" && input !== null && !Array.isArray(input)) return input;
  if (cutShort) return {};
  throw notAnObject(block.name);
}

export function notAnObject(name: string): TypeError {
  return new TypeError(`the arguments of the tool call ${name} are not a JSON object`);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
