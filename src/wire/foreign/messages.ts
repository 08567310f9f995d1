import type { FinishReason, GenerationPart } from "../generation.ts";
import { createCalls } from "./calls.ts";
import { countOf, type Fields, fieldsOf, isFields, listOf, textOf } from "./fields.ts";
import type { ForeignReader } from "./types.ts";
import { upstreamFailure } from "./upstream-error.ts";
import { usagePart } from "./usage.ts";

/** Reads Anthropic's messages: the events of streamed ones, and whole ones. */
export function createMessagesReader(): ForeignReader<GenerationPart> {
  const calls = createCalls();
  let usage: Fields = {};
  let finished = false;

  /** Counts are cumulative, and those that a later event leaves out still stand. */
  const count = (value: unknown): GenerationPart[] => {
    const known = Object.entries(fieldsOf(value)).filter(([, each]) => each !== null && each !== undefined);
    usage = { ...usage, ...Object.fromEntries(known) };
    return known.length === 0 ? [] : toUsage(usage);
  };
  const block = (index: number, fields: Fields): GenerationPart[] => {
    switch (fields["type"]) {
      case "text":
        return text(fields["text"]);
      case "thinking":
        return thinking(fields);
      case "tool_use":
        return calls.piece(index, textOf(fields["id"]), textOf(fields["name"]), toArguments(fields["input"]));
      default:
        return [];
    }
  };

  const delta = (index: number, fields: Fields): GenerationPart[] => {
    if (fields["type"] === "text_delta") return text(fields["text"]);
    if (fields["type"] !== "input_json_delta") return thinking(fields);
    // Tools that the provider runs itself are none of the client's.
    return calls.has(index) ? calls.piece(index, "", "", textOf(fields["partial_json"])) : [];
  };
  const toFinish = (said: Fields): GenerationPart[] => {
    const parts = readFinish(said);
    finished ||= parts.length > 0;
    return parts;
  };

  return {
    read(event) {
      const index = countOf(event["index"]) ?? 0;
      switch (event["type"]) {
        case "message":
          return [
            ...listOf(event["content"]).flatMap((each, place) => [...block(place, each), ...calls.end(place, "")]),
            ...count(event["usage"]),
            ...toFinish(event),
          ];
        case "message_start":
          return count(fieldsOf(event["message"])["usage"]);
        case "content_block_start":
          return block(index, fieldsOf(event["content_block"]));
        case "content_block_delta":
          return delta(index, fieldsOf(event["delta"]));
        case "content_block_stop":
          return calls.end(index, "");
        case "message_delta":
          return [...count(event["usage"]), ...toFinish(fieldsOf(event["delta"]))];
        case "error":
          throw upstreamFailure(event);
        default:
          return [];
      }
    },
    isFinished: () => finished,
  };
}

function text(value: unknown): GenerationPart[] {
  return typeof value === "string" && value !== "" ? [{ type: "text", text: value }] : [];
}

function thinking(fields: Fields): GenerationPart[] {
  const said = textOf(fields["thinking"]);
  const signature = textOf(fields["signature"]);
  if (said === "" && signature === "") return [];
  return [{ type: "reasoning", text: said, ...(signature === "" ? {} : { signature }) }];
}

/** Streams begin a call with an empty input and tell it in pieces. */
function toArguments(input: unknown): string {
  return isFields(input) && Object.keys(input).length > 0 ? JSON.stringify(input) : "";
}

/** Anthropic counts what a cache gave, or took, beside the other input. */
function toUsage(usage: Fields): GenerationPart[] {
  const cached = countOf(usage["cache_read_input_tokens"]);
  const input = countOf(usage["input_tokens"]);
  const all = (input ?? 0) + (cached ?? 0) + (countOf(usage["cache_creation_input_tokens"]) ?? 0);
  return usagePart({
    input: input === undefined ? undefined : all,
    output: countOf(usage["output_tokens"]),
    cached,
    reasoning: countOf(fieldsOf(usage["output_tokens_details"])["thinking_tokens"]),
  });
}

function readFinish(said: Fields): GenerationPart[] {
  if (typeof said["stop_reason"] !== "string") return [];
  const sequence = textOf(said["stop_sequence"]);
  const reason = toReason(said["stop_reason"]);
  return [{ type: "finish", reason, ...(sequence === "" ? {} : { stop_sequence: sequence }) }];
}

function toReason(reason: string): FinishReason {
  switch (reason) {
    case "max_tokens":
    case "model_context_window_exceeded":
      return "length";
    case "tool_use":
      return "tool_calls";
    case "refusal":
      return "content_filter";
    default:
      return "stop";
  }
}
