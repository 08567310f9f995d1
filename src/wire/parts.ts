import { createAiSdkReader } from "./foreign/ai-sdk.ts";
import { type Fields, isFields } from "./foreign/fields.ts";
import { createMessagesReader } from "./foreign/messages.ts";
import { createChoicesReader } from "./foreign/openai-choices.ts";
import { createResponsesReader } from "./foreign/responses.ts";
import type { ForeignReader } from "./foreign/types.ts";
import { brokenOff, upstreamFailure } from "./foreign/upstream-error.ts";
import type { FinishReason, GenerationPart, ToolCallPart } from "./generation.ts";

/** Reads what a generation yields, item by item: parts of our own, and what SDKs yield, told by shape. */
export interface ItemReader {
  /** One part, or as many as the item holds. Throws what an item tells of a failure, and a TypeError for nonsense. */
  read(item: unknown): GenerationPart | readonly GenerationPart[];
  /** After the last item: throws where an upstream has not said why it ended, since it was cut short then. */
  end(): void;
}

export function createItemReader(): ItemReader {
  const names = new Map<string, string>();
  let foreign: { readonly kind: Kind; readonly reader: ForeignReader<GenerationPart> } | undefined;
  return {
    read(item) {
      if (typeof item === "string") return { type: "text", text: item };
      const own = ownPart(item);
      if (own?.type === "tool_call") requireOneName(own, names);
      if (own !== undefined) return own;
      const kind = isFields(item) ? kindOf(item) : undefined;
      if (kind === undefined || !isFields(item)) return refuse(item);
      if (foreign?.kind !== kind) foreign = { kind, reader: readers[kind]() };
      return foreign.reader.read(item);
    },
    end() {
      if (foreign?.reader.isFinished() === false) throw brokenOff();
    },
  };
}

/** Whether a value is an SDK's whole answer. */
export function isForeignAnswer(value: unknown): boolean {
  if (!isFields(value)) return false;
  return Array.isArray(value["choices"]) || value["type"] === "message" || value["object"] === "response";
}

type Kind = keyof typeof readers;

const readers = {
  choices: createChoicesReader,
  responses: createResponsesReader,
  messages: createMessagesReader,
  "ai-sdk": createAiSdkReader,
};

function kindOf(item: Fields): Kind | undefined {
  if (Array.isArray(item["choices"])) return "choices";
  if (item["object"] === "response") return "responses";
  const type = item["type"];
  if (typeof type !== "string") {
    // A frame that some servers send in the place of a chunk.
    if (item["error"] !== undefined && item["error"] !== null) throw upstreamFailure(item["error"]);
    return undefined;
  }
  if (type.startsWith("response.") || (type === "error" && "sequence_number" in item)) return "responses";
  if (messageTypes.test(type)) return "messages";
  return aiSdkTypes.test(type) ? "ai-sdk" : undefined;
}

const messageTypes = /^(message|message_(start|delta|stop)|content_block_(start|delta|stop)|ping)$/;

/** Those of the AI SDK have dashes, which no other's have; the few without are here. */
const aiSdkTypes = /^([a-z]+(-[a-z]+)+|start|finish|source|file|custom|abort|error|raw)$/;

/** Authors also write plain JavaScript, so the parts are looked at. */
function ownPart(item: unknown): GenerationPart | undefined {
  const part = item as GenerationPart | null | undefined;
  switch (part?.type) {
    case "text":
    case "reasoning":
    case "refusal":
      return checked(part, typeof part.text === "string", "text must be a string");
    case "tool_call": {
      const whole = typeof part.id === "string" && typeof part.name === "string" && typeof part.arguments === "string";
      return checked(part, whole, "id, name and arguments must be strings");
    }
    case "usage": {
      const whole = isCount(part.input_tokens) && isCount(part.output_tokens);
      return checked(part, whole, "input_tokens and output_tokens must be counts");
    }
    case "finish":
      if ("finishReason" in part) return undefined;
      return checked(part, finishReasons.includes(part.reason), `reason must be one of ${finishReasons.join(", ")}`);
    default:
      return undefined;
  }
}

/** Calls are told apart by their ids, and a model that gives each the same one mixes their arguments. */
function requireOneName({ id, name }: ToolCallPart, names: Map<string, string>): void {
  const known = names.get(id);
  if (known === undefined) names.set(id, name);
  else if (name !== "" && name !== known) {
    throw new TypeError(`the tool call ${id} is of ${known} and now of ${name}: each call needs its own id`);
  }
}

const finishReasons: readonly FinishReason[] = ["stop", "length", "tool_calls", "content_filter"];

function checked(part: GenerationPart, valid: boolean, rule: string): GenerationPart {
  if (!valid) throw new TypeError(`a part of a generation is wrong: in ${part.type}, ${rule}`);
  return part;
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function refuse(item: unknown): never {
  throw new TypeError(`a generation yields strings and parts such as { type: "text", text }, not ${describe(item)}`);
}

/** What a value is, for the messages of errors. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return "type" in value ? `an object of type ${String(value.type)}` : "an object without a type";
}
