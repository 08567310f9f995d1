import type { Response, ResponseStreamEvent } from "openai/resources/responses/responses";
import type { FinishReason, ToolCallPart, UsagePart } from "../generation.ts";
import { unixSeconds } from "../ids.ts";
import type { Encoder } from "../translate.ts";
import {
  type CallWriter,
  createCallWriter,
  createTextWriter,
  type ItemWriter,
  type OutputItem,
  type TextWriter,
} from "./response-items.ts";
import { responseEnd, type ResponseWishes, toResponseUsage, type WireResponse } from "./response-object.ts";

/** An event before it has its number. */
type Unnumbered<Event> = Event extends unknown ? Omit<Event, "sequence_number"> : never;
export type Draft = Unnumbered<ResponseStreamEvent>;

/** The events of a response, in OpenAI's order and numbered without a gap, and the response that they add up to. */
export function createResponseEncoder(
  begun: WireResponse,
  wishes: ResponseWishes,
): Encoder<ResponseStreamEvent> & { response(): WireResponse } {
  const output = createOutputWriter(wishes);
  let response = begun;
  let sequence = 0;
  let finish: FinishReason = "stop";
  let usage: UsagePart | undefined;

  // The SDK's type has `output_text` too, which it adds by itself.
  const shown = () => response as unknown as Response;
  const numbered = (drafts: readonly Draft[]): ResponseStreamEvent[] =>
    drafts.map((draft) => Object.assign(draft, { sequence_number: sequence++ }) as ResponseStreamEvent);

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
        case "refusal":
          return numbered(output.text(part.type, part));
        case "tool_call":
          return numbered(output.call(part));
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
      const events = output.end(whole ? "completed" : "incomplete");
      response = {
        ...response,
        ...end,
        output: output.items(),
        completed_at: whole ? unixSeconds() : null,
        ...(usage === undefined ? {} : { usage: toResponseUsage(usage) }),
      };
      const type = whole ? "response.completed" : "response.incomplete";
      return numbered([...events, { type, response: shown() }]);
    },
    response: () => response,
  };
}

/** Writes output items: one text at a time, and beside it the tool calls that are not whole yet. */
function createOutputWriter(wishes: ResponseWishes) {
  const items: ItemWriter[] = [];
  const calls = new Map<string, CallWriter>();
  let open: TextWriter | undefined;

  /** Before another item begins. Calls that may still go on stay open. */
  const close = (): Draft[] => {
    open = undefined;
    return items.filter((item) => item.done === undefined && item.isWhole()).flatMap((item) => item.close("completed"));
  };

  return {
    text(kind: TextWriter["kind"], part: Parameters<TextWriter["append"]>[0]): Draft[] {
      if (part.text === "" && (part.signature ?? "") === "") return [];
      if (open?.kind === kind && !open.sealed) return open.append(part);
      const events = close();
      open = createTextWriter(kind, items.length, wishes);
      items.push(open);
      return [...events, ...open.append(part)];
    },
    call(part: ToolCallPart): Draft[] {
      const known = calls.get(part.id);
      if (known !== undefined && known.done === undefined) return known.append(part);
      if (known !== undefined) {
        if (part.arguments.trim() === "") return [];
        throw new TypeError(`the tool call ${part.name} went on after its arguments were whole`);
      }
      const events = close();
      const call = createCallWriter(part, items.length);
      items.push(call);
      calls.set(part.id, call);
      return [...events, ...call.append(part)];
    },
    end: (status: "completed" | "incomplete"): Draft[] =>
      items
        .filter((item) => item.done === undefined)
        .flatMap((item) => item.close(item === items.at(-1) || !item.isWhole() ? status : "completed")),
    items: (): OutputItem[] => items.flatMap((item) => (item.done === undefined ? [] : [item.done])),
  };
}
