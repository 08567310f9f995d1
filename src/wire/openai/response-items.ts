import type {
  ResponseFunctionToolCall,
  ResponseOutputMessage,
  ResponseOutputText,
  ResponseReasoningItem,
} from "openai/resources/responses/responses";
import type { ReasoningPart, TextPart, TokenLogprob, ToolCallPart } from "../generation.ts";
import { createId } from "../ids.ts";
import { createJsonWatch, type JsonWatch } from "../json-watch.ts";
import { responseLogprobs } from "./logprobs.ts";
import type { Draft } from "./response-events.ts";
import type { ResponseWishes } from "./response-object.ts";

type ItemStatus = "in_progress" | "completed" | "incomplete";
export type OutputItem = ResponseOutputMessage | ResponseReasoningItem | ResponseFunctionToolCall;

/** An item of the output whose content comes in pieces. */
export interface ItemWriter {
  /** Whether it can be ended when another begins. */
  isWhole(): boolean;
  close(status: "completed" | "incomplete"): Draft[];
  /** The item at its end. */
  readonly done: OutputItem | undefined;
}

export interface TextWriter extends ItemWriter {
  readonly kind: "text" | "refusal" | "reasoning";
  /** Ended by its provider's seal: nothing is added to it. */
  readonly sealed: boolean;
  append(part: { readonly text: string } & Pick<TextPart, "logprobs"> & Pick<ReasoningPart, "signature">): Draft[];
}

/** The events of a message or of reasoning, which has one part. */
export function createTextWriter(kind: TextWriter["kind"], index: number, wishes: ResponseWishes): TextWriter {
  const id = createId(kind === "reasoning" ? "rs" : "msg");
  const place = { item_id: id, output_index: index, content_index: 0 };
  const pieces: string[] = [];
  const tokens: TokenLogprob[] = [];
  let signature = "";
  let done: OutputItem | undefined;

  const item = (status: ItemStatus, content: object[]): OutputItem => {
    if (kind !== "reasoning")
      return { id, type: "message", status, role: "assistant", content: content as ResponseOutputMessage["content"] };
    const seal =
      wishes.encrypted && status !== "in_progress" && signature !== "" ? { encrypted_content: signature } : {};
    return { id, type: "reasoning", status, summary: [], content: content as ReasoningContent, ...seal };
  };
  const open = (): Draft[] => [
    { type: "response.output_item.added", output_index: index, item: item("in_progress", []) },
    { type: "response.content_part.added", ...place, part: contentPart(kind, "", []) },
  ];
  let opening: Draft[] | undefined = open();

  return {
    kind,
    get sealed() {
      return signature !== "";
    },
    get done() {
      return done;
    },
    isWhole: () => true,
    append({ text, logprobs = [], signature: seal = "" }) {
      const events = opening ?? [];
      opening = undefined;
      signature = seal;
      if (text === "") return events;
      if (logprobs.length > 0) tokens.push(...logprobs);
      pieces.push(text);
      events.push(textDelta(kind, place, text, responseLogprobs(logprobs, wishes.logprobs)));
      return events;
    },
    close(status) {
      const text = pieces.join("");
      const part = contentPart(kind, text, responseLogprobs(tokens, wishes.logprobs));
      done = item(status, [part]);
      return [
        textDone(kind, place, text, responseLogprobs(tokens, wishes.logprobs)),
        { type: "response.content_part.done", ...place, part },
        { type: "response.output_item.done", output_index: index, item: done },
      ];
    },
  };
}

type ReasoningContent = NonNullable<ResponseReasoningItem["content"]>;
type Kind = TextWriter["kind"];
type Place = { readonly item_id: string; readonly output_index: number; readonly content_index: number };

function contentPart(kind: Kind, text: string, logprobs: ResponseOutputText.Logprob[]) {
  if (kind === "refusal") return { type: "refusal" as const, refusal: text };
  if (kind === "reasoning") return { type: "reasoning_text" as const, text };
  return { type: "output_text" as const, text, annotations: [], logprobs };
}

function textDelta(kind: Kind, place: Place, delta: string, logprobs: ResponseOutputText.Logprob[]): Draft {
  if (kind === "refusal") return { type: "response.refusal.delta", ...place, delta };
  if (kind === "reasoning") return { type: "response.reasoning_text.delta", ...place, delta };
  return { type: "response.output_text.delta", ...place, delta, logprobs };
}

function textDone(kind: Kind, place: Place, text: string, logprobs: ResponseOutputText.Logprob[]): Draft {
  if (kind === "refusal") return { type: "response.refusal.done", ...place, refusal: text };
  if (kind === "reasoning") return { type: "response.reasoning_text.done", ...place, text };
  return { type: "response.output_text.done", ...place, text, logprobs };
}

export interface CallWriter extends ItemWriter {
  append(part: ToolCallPart): Draft[];
}

/** The events of a function call. */
export function createCallWriter(first: ToolCallPart, index: number): CallWriter {
  const id = createId("fc");
  const place = { item_id: id, output_index: index };
  const json: JsonWatch = createJsonWatch();
  const pieces: string[] = [];
  let begun = false;
  let done: OutputItem | undefined;

  const item = (status: ItemStatus, args: string): ResponseFunctionToolCall => ({
    id,
    type: "function_call",
    status,
    call_id: first.id,
    name: first.name,
    arguments: args,
  });
  const piece = (args: string): Draft => {
    json.push(args);
    pieces.push(args);
    return { type: "response.function_call_arguments.delta", ...place, delta: args };
  };

  return {
    get done() {
      return done;
    },
    isWhole: () => json.state === "whole",
    append(part) {
      const events: Draft[] = [];
      if (!begun)
        events.push({ type: "response.output_item.added", output_index: index, item: item("in_progress", "") });
      begun = true;
      if (part.arguments !== "") events.push(piece(part.arguments));
      return events;
    },
    close(status) {
      // Clients parse the arguments, also those of a call that has none.
      const events = pieces.length === 0 ? [piece("{}")] : [];
      const args = pieces.join("");
      done = item(status, args);
      return [
        ...events,
        { type: "response.function_call_arguments.done", ...place, name: first.name, arguments: args },
        { type: "response.output_item.done", output_index: index, item: done },
      ];
    },
  };
}
