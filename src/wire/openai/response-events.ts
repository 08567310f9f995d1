import type {
  Response,
  ResponseFunctionToolCall,
  ResponseOutputMessage,
  ResponseReasoningItem,
  ResponseStreamEvent,
} from "openai/resources/responses/responses";
import type { FinishReason, ToolCallPart, UsagePart } from "../generation.ts";
import { createId, unixSeconds } from "../ids.ts";
import type { Encoder } from "../translate.ts";
import { responseEnd, toResponseUsage, type WireResponse } from "./response-object.ts";

/** An event before it has its number. */
type Unnumbered<Event> = Event extends unknown ? Omit<Event, "sequence_number"> : never;
type Draft = Unnumbered<ResponseStreamEvent>;
type ItemStatus = "in_progress" | "completed" | "incomplete";

/** The events of a response, in OpenAI's order and numbered without a gap, and the response that they add up to. */
export function createResponseEncoder(
  begun: WireResponse,
): Encoder<ResponseStreamEvent> & { response(): WireResponse } {
  const items = createItemWriter();
  let response = begun;
  let sequence = 0;
  let finish: FinishReason = "stop";
  let usage: UsagePart | undefined;

  // The SDK's type has `output_text` too, which it adds by itself.
  const shown = () => response as unknown as Response;
  const numbered = (drafts: readonly Draft[]): ResponseStreamEvent[] =>
    drafts.map((draft) => ({ ...draft, sequence_number: sequence++ }) as ResponseStreamEvent);

  return {
    start: () =>
      numbered([
        { type: "response.created", response: shown() },
        { type: "response.in_progress", response: shown() },
      ]),
    push(part) {
      switch (part.type) {
        case "text":
        case "reasoning":
          return numbered(items.append(part.type, part.text));
        case "tool_call":
          return numbered(items.call(part));
        case "usage":
          usage = part;
          return [];
        case "finish":
          finish = part.reason;
          return [];
      }
    },
    finish() {
      const end = responseEnd(finish);
      const whole = end.status === "completed";
      const events = items.close(whole ? "completed" : "incomplete");
      response = {
        ...response,
        ...end,
        output: [...items.output],
        completed_at: whole ? unixSeconds() : null,
        ...(usage === undefined ? {} : { usage: toResponseUsage(usage) }),
      };
      const type = whole ? "response.completed" : "response.incomplete";
      return numbered([...events, { type, response: shown() }]);
    },
    response: () => response,
  };
}

/** An output item whose text is still coming. */
interface OpenItem {
  readonly kind: "text" | "reasoning";
  readonly id: string;
  readonly pieces: string[];
}

/** Writes output items, one open at a time, and keeps the finished ones. */
function createItemWriter() {
  const output: WireResponse["output"] = [];
  let open: OpenItem | undefined;

  const close = (status: "completed" | "incomplete"): Draft[] => {
    if (open === undefined) return [];
    const { events, item } = closeItem(open, output.length, status);
    output.push(item);
    open = undefined;
    return events;
  };

  return {
    output: output as Readonly<WireResponse["output"]>,
    close,
    append(kind: OpenItem["kind"], text: string): Draft[] {
      if (text === "") return [];
      const events = open?.kind === kind ? [] : close("completed");
      const index = output.length;
      if (open === undefined) {
        open = { kind, id: createId(kind === "text" ? "msg" : "rs"), pieces: [] };
        events.push(...openEvents(open, index));
      }
      open.pieces.push(text);
      events.push(deltaEvent(open, index, text));
      return events;
    },
    call(part: ToolCallPart): Draft[] {
      const before = close("completed");
      const { events, item } = callEvents(part, output.length);
      output.push(item);
      return [...before, ...events];
    },
  };
}

function openEvents(item: OpenItem, index: number): Draft[] {
  return [
    { type: "response.output_item.added", output_index: index, item: outputItem(item, "in_progress") },
    { type: "response.content_part.added", ...place(item, index), part: contentPart(item, "") },
  ];
}

function deltaEvent(item: OpenItem, index: number, delta: string): Draft {
  return item.kind === "text"
    ? { type: "response.output_text.delta", ...place(item, index), delta, logprobs: [] }
    : { type: "response.reasoning_text.delta", ...place(item, index), delta };
}

function closeItem(item: OpenItem, index: number, status: "completed" | "incomplete") {
  const text = item.pieces.join("");
  const done = outputItem(item, status, text);
  const events: Draft[] = [
    item.kind === "text"
      ? { type: "response.output_text.done", ...place(item, index), text, logprobs: [] }
      : { type: "response.reasoning_text.done", ...place(item, index), text },
    { type: "response.content_part.done", ...place(item, index), part: contentPart(item, text) },
    { type: "response.output_item.done", output_index: index, item: done },
  ];
  return { events, item: done };
}

function callEvents(part: ToolCallPart, index: number) {
  const id = createId("fc");
  const item = (status: ItemStatus, text: string): ResponseFunctionToolCall => ({
    id,
    type: "function_call",
    status,
    call_id: part.id,
    name: part.name,
    arguments: text,
  });
  const done = item("completed", part.arguments);
  const at = { item_id: id, output_index: index };
  const events: Draft[] = [
    { type: "response.output_item.added", output_index: index, item: item("in_progress", "") },
    { type: "response.function_call_arguments.delta", ...at, delta: part.arguments },
    { type: "response.function_call_arguments.done", ...at, name: part.name, arguments: part.arguments },
    { type: "response.output_item.done", output_index: index, item: done },
  ];
  return { events, item: done };
}

function place(item: OpenItem, index: number) {
  return { item_id: item.id, output_index: index, content_index: 0 };
}

/** An item as it stands: without content when it opens, with its whole text when it is done. */
function outputItem(item: OpenItem, status: ItemStatus, text?: string): ResponseOutputMessage | ResponseReasoningItem {
  if (item.kind === "text") {
    const content = text === undefined ? [] : [textPart(text)];
    return { id: item.id, type: "message", status, role: "assistant", content };
  }
  const content = text === undefined ? [] : [reasoningPart(text)];
  return { id: item.id, type: "reasoning", status, summary: [], content };
}

function contentPart(item: OpenItem, text: string) {
  return item.kind === "text" ? textPart(text) : reasoningPart(text);
}

function textPart(text: string) {
  return { type: "output_text" as const, text, annotations: [], logprobs: [] };
}

function reasoningPart(text: string) {
  return { type: "reasoning_text" as const, text };
}
