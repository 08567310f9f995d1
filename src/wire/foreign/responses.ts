import type { FinishReason, GenerationPart } from "../generation.ts";
import { createCalls } from "./calls.ts";
import { countOf, type Fields, fieldsOf, listOf, textOf } from "./fields.ts";
import { readLogprobs } from "./logprobs.ts";
import type { ForeignReader } from "./types.ts";
import { upstreamFailure } from "./upstream-error.ts";
import { openaiUsage } from "./usage.ts";

/** Reads the events of a response stream, of OpenAI's and of Open Responses, and whole responses. */
export function createResponsesReader(): ForeignReader<GenerationPart> {
  const items = createItems();
  let finished = false;

  const end = (response: Fields): GenerationPart[] => {
    finished = true;
    // Streams have told it all before, but for those of servers that only send their end.
    const output = items.any() ? [] : listOf(response["output"]);
    const parts = output.flatMap((item, index) => items.rest(item, index));
    return [...parts, ...openaiUsage(response["usage"]), toFinish(response, items.called())];
  };
  const readEvent = (event: Fields): readonly GenerationPart[] => {
    switch (event["type"]) {
      case "response.completed":
      case "response.incomplete":
        return end(fieldsOf(event["response"]));
      case "response.failed":
        throw upstreamFailure(fieldsOf(event["response"])["error"]);
      case "error":
        throw upstreamFailure(event["error"] ?? event);
      default:
        return items.read(event);
    }
  };

  return {
    read(item) {
      if (item["object"] !== "response") return readEvent(item);
      if (item["status"] === "failed") throw upstreamFailure(item["error"]);
      return end(item);
    },
    isFinished: () => finished,
  };
}

/** The items of a response's output, in pieces and whole. */
function createItems() {
  const calls = createCalls();
  const texts = createTexts();

  const begin = (item: Fields, place: Place): GenerationPart[] => {
    if (item["type"] !== "function_call" || calls.has(place)) return [];
    return calls.piece(place, textOf(item["call_id"]), textOf(item["name"]), "");
  };
  /** What of a whole item has not come in pieces: all of it, from servers that send none. */
  const rest = (item: Fields, place: Place): GenerationPart[] => {
    switch (item["type"]) {
      case "function_call":
        return [...begin(item, place), ...calls.end(place, textOf(item["arguments"]))];
      case "message":
        return listOf(item["content"]).flatMap((part, index) =>
          part["type"] === "refusal"
            ? texts.rest("refusal", place, index, textOf(part["refusal"]))
            : texts.rest("text", place, index, textOf(part["text"]), part["logprobs"]),
        );
      case "reasoning":
        return [...texts.reasoning(item, place), ...readSeal(item)];
      default:
        return [];
    }
  };

  return {
    rest,
    read(event: Fields): readonly GenerationPart[] {
      // By its place: some servers give an item another id with every event.
      const place = countOf(event["output_index"]) ?? textOf(event["item_id"]);
      const index = countOf(event["content_index"], event["summary_index"]) ?? 0;
      const delta = textOf(event["delta"]);
      switch (event["type"]) {
        case "response.output_text.delta":
          return texts.piece("text", place, index, delta, event["logprobs"]);
        case "response.output_text.done":
          return texts.rest("text", place, index, textOf(event["text"]), event["logprobs"]);
        case "response.refusal.delta":
          return texts.piece("refusal", place, index, delta);
        case "response.reasoning_text.delta":
        case "response.reasoning.delta":
          return texts.piece("reasoning", place, index, delta);
        case "response.reasoning_summary_text.delta":
          return texts.summary(place, delta);
        case "response.output_item.added":
          return begin(fieldsOf(event["item"]), place);
        case "response.function_call_arguments.delta":
          return calls.has(place) ? calls.piece(place, "", "", delta) : [];
        case "response.function_call_arguments.done":
          return calls.end(place, textOf(event["arguments"]));
        case "response.output_item.done":
          return rest(fieldsOf(event["item"]), place);
        default:
          return [];
      }
    },
    any: () => calls.any() || texts.any(),
    called: calls.any,
  };
}

type TextKind = "text" | "reasoning" | "refusal";

/** Which item of the output: by its number where there is one, else by its id. */
type Place = string | number;

/** The texts of a response, of which those that came in pieces come again as a whole. */
function createTexts() {
  const told = new Set<string>();

  const piece = (kind: TextKind, place: Place, index: number, text: string, tokens?: unknown): GenerationPart[] => {
    if (text === "") return [];
    told.add(`${kind} ${place} ${index}`).add(`${kind} ${place}`);
    const logprobs = kind === "text" ? readLogprobs(tokens) : [];
    return [{ type: kind, text, ...(logprobs.length === 0 ? {} : { logprobs }) }];
  };
  const rest = (kind: TextKind, place: Place, index: number, text: string, tokens?: unknown) =>
    told.has(`${kind} ${place} ${index}`) ? [] : piece(kind, place, index, text, tokens);

  return {
    piece,
    rest,
    /** A provider that shows its thinking may sum it up as well; once is enough. */
    summary(place: Place, text: string): GenerationPart[] {
      if (told.has(`reasoning ${place}`) && !told.has(`summary ${place}`)) return [];
      told.add(`summary ${place}`);
      return piece("reasoning", place, 0, text);
    },
    reasoning(item: Fields, place: Place): GenerationPart[] {
      if (told.has(`reasoning ${place}`)) return [];
      const texts = listOf(item["content"]);
      return (texts.length > 0 ? texts : listOf(item["summary"])).flatMap((part, index) =>
        piece("reasoning", place, index, textOf(part["text"])),
      );
    },
    any: () => told.size > 0,
  };
}

function readSeal(fields: Fields): GenerationPart[] {
  const signature = textOf(fields["encrypted_content"]);
  return signature === "" ? [] : [{ type: "reasoning", text: "", signature }];
}

function toFinish(response: Fields, called: boolean): GenerationPart {
  const { reason } = fieldsOf(response["incomplete_details"]);
  if (response["status"] !== "incomplete") return finish(called ? "tool_calls" : "stop");
  return finish(reason === "content_filter" ? "content_filter" : "length");
}

function finish(reason: FinishReason): GenerationPart {
  return { type: "finish", reason };
}
