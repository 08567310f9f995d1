import type { AssistantPart, Fields, PastReasoning, Turn, UserPart } from "./form.ts";
import {
  at,
  countOf,
  type Field,
  fieldsOf,
  given,
  isAbsent,
  itemsOf,
  optional,
  textOf,
  typeOf,
  wrong,
} from "./fields.ts";
import { readAudio, readEffort } from "./chat.ts";
import { readFile, readImage } from "./media.ts";
import { readOpenaiSettings, type Reading } from "./settings.ts";
import { readDefinition, readFormat, readOpenaiChoice, readTools } from "./tools.ts";
import { createTurnList, readContent, readText, splitSystem, texts } from "./turns.ts";

/** Reads `POST /v1/responses`. No input is no turn: clients probe with it. */
export function readResponses(body: Field): Reading {
  const reasoning = at(body, "reasoning");
  const text = at(body, "text");
  const tools = readTools(at(body, "tools"), (tool) =>
    typeOf(tool) === "function" ? readDefinition(tool, "parameters") : undefined,
  );
  return {
    ...readOpenaiSettings(body),
    ...splitSystem(optional(at(body, "instructions"), textOf) ?? "", readInput(at(body, "input"))),
    ...readOpenaiChoice(at(body, "tool_choice"), tools),
    max_tokens: optional(at(body, "max_output_tokens"), countOf),
    stop: [],
    response_format: isAbsent(text) ? undefined : (fieldsOf(text), readFormat(at(text, "format"))),
    reasoning: isAbsent(reasoning) ? undefined : (fieldsOf(reasoning), readEffort(at(reasoning, "effort"))),
    previous_response_id: optional(at(body, "previous_response_id"), textOf),
  };
}

function readInput(input: Field): readonly Turn[] {
  if (isAbsent(input)) return [];
  const turns = createTurnList();
  if (typeof input.value === "string") {
    if (input.value !== "") turns.add({ role: "user", content: texts(input.value) });
    return turns.turns;
  }
  for (const item of itemsOf(input)) {
    const role = (fieldsOf(item), at(item, "role"));
    if (isAbsent(at(item, "type")) || at(item, "type").value === "message") readMessage(item, role, turns);
    else readItem(item, typeOf(item), turns);
  }
  return turns.turns;
}

type TurnList = ReturnType<typeof createTurnList>;

function readMessage(item: Field, role: Field, turns: TurnList): void {
  const content = at(item, "content");
  switch (role.value) {
    case "system":
    case "developer":
      return turns.add({ role: "system", content: readContent(content, readText) });
    case "user":
      return turns.add({ role: "user", content: readContent(content, readUserPart) });
    case "assistant":
      return turns.answer(readContent<AssistantPart>(content, readAnswerPart), true);
    default:
      return wrong(role, "system, developer, user or assistant");
  }
}

/** Items that are no message are pieces of an answer, but for those that tell of a tool's work. */
function readItem(item: Field, type: string, turns: TurnList): void {
  const raw = item.value as Fields;
  switch (type) {
    case "function_call":
      return turns.answer([readCall(item, "arguments")], true);
    case "custom_tool_call":
      return turns.answer([readCall(item, "input")], true);
    case "function_call_output":
    case "custom_tool_call_output":
      return turns.add({
        role: "tool",
        tool_call_id: textOf(at(item, "call_id")),
        content: readContent(at(item, "output"), readUserPart),
        is_error: false,
      });
    case "reasoning":
      return turns.answer([readReasoning(item)], true);
    case "item_reference":
      return wrong(item, "the item itself: it refers to one that this server does not keep");
    default:
      if (/_(output|response)$/.test(type)) turns.add({ role: "user", content: [{ type: "other", raw }] });
      else turns.answer([{ type: "other", raw }], true);
  }
}

function readCall(item: Field, key: "arguments" | "input"): AssistantPart {
  return {
    type: "tool_call",
    id: textOf(at(item, "call_id")),
    name: textOf(at(item, "name")),
    arguments: textOf(at(item, key)),
  };
}

/** The thoughts themselves where they are shown, else their summary. */
function readReasoning(item: Field): PastReasoning {
  const textsOf = (key: string) =>
    (optional(at(item, key), itemsOf) ?? []).map((part) => (fieldsOf(part), textOf(at(part, "text"))));
  const shown = textsOf("content");
  const summary = textsOf("summary");
  return {
    type: "reasoning",
    text: shown.length > 0 ? shown.join("") : summary.join("\n\n"),
    ...given("signature", optional(at(item, "encrypted_content"), textOf)),
  };
}

function readUserPart(part: Field): UserPart[] {
  switch (typeOf(part)) {
    case "input_text":
    case "output_text":
    case "text":
      return readText(part);
    case "input_image":
      return [readImage(part)];
    case "input_file":
      return [readFile(part)];
    case "input_audio":
      return [readAudio(at(part, "input_audio"))];
    default:
      return [{ type: "other", raw: part.value as Fields }];
  }
}

function readAnswerPart(part: Field): AssistantPart[] {
  switch (typeOf(part)) {
    case "input_text":
    case "output_text":
    case "text":
      return readText(part);
    case "refusal":
      return [{ type: "refusal", text: textOf(at(part, "refusal")) }];
    default:
      return [{ type: "other", raw: part.value as Fields }];
  }
}
