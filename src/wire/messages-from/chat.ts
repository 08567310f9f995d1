import type { AssistantPart, Fields, RequestForm, ToolDefinition, UserPart } from "./form.ts";
import { at, countOf, type Field, fieldsOf, isAbsent, itemsOf, optional, textOf, typeOf, wrong } from "./fields.ts";
import { readFile, readImage } from "./media.ts";
import { readOpenaiSettings, type Reading } from "./settings.ts";
import { readDefinition, readFormat, readOpenaiChoice, readTools, type Toolbox } from "./tools.ts";
import { createTurnList, readContent, readStops, readText, splitSystem } from "./turns.ts";

/** Reads `POST /v1/chat/completions`. */
export function readChat(body: Field): Reading {
  const list = itemsOf(at(body, "messages"));
  if (list.length === 0) wrong(at(body, "messages"), "a list of at least one message");
  return {
    ...readOpenaiSettings(body),
    ...splitSystem("", readMessages(list)),
    ...readToolbox(body),
    max_tokens: optional(at(body, "max_completion_tokens"), countOf) ?? optional(at(body, "max_tokens"), countOf),
    stop: readStops(at(body, "stop")),
    response_format: readFormat(at(body, "response_format")),
    reasoning: readEffort(at(body, "reasoning_effort")),
    previous_response_id: undefined,
  };
}

export function readEffort(field: Field): RequestForm["reasoning"] {
  const effort = optional(field, textOf);
  return effort === undefined ? undefined : { enabled: effort !== "none", effort };
}

function readToolbox(body: Field): Toolbox {
  const old = at(body, "functions");
  const tools = isAbsent(old)
    ? readTools(at(body, "tools"), readTool)
    : readTools(old, (tool) => readDefinition(tool, "parameters"));
  const choice = at(body, "tool_choice");
  const oldChoice = at(body, "function_call");
  if (!isAbsent(choice) || isAbsent(oldChoice) || typeof oldChoice.value === "string") {
    return readOpenaiChoice(isAbsent(choice) ? oldChoice : choice, tools);
  }
  return { ...tools, tool_choice: { name: textOf(at(oldChoice, "name")) } };
}

function readTool(tool: Field): ToolDefinition | undefined {
  return typeOf(tool) === "function" ? readDefinition(at(tool, "function"), "parameters") : undefined;
}

function readMessages(list: readonly Field[]) {
  const turns = createTurnList();
  // The old function calls have no ids: their place tells them apart, and a result belongs to the call before it.
  let oldCall = "";
  for (const [index, message] of list.entries()) {
    fieldsOf(message);
    const content = at(message, "content");
    const role = at(message, "role");
    switch (role.value) {
      case "system":
      case "developer":
        turns.add({ role: "system", content: readContent(content, readText) });
        break;
      case "user":
        turns.add({ role: "user", content: readContent(content, readUserPart) });
        break;
      case "assistant":
        if (!isAbsent(at(message, "function_call"))) oldCall = `call_${index}`;
        turns.answer(readAnswer(message, oldCall), false);
        break;
      case "tool":
      case "function":
        turns.add({
          role: "tool",
          tool_call_id: role.value === "tool" ? textOf(at(message, "tool_call_id")) : oldCall,
          content: isAbsent(content) ? [] : readContent(content, readUserPart),
          is_error: false,
        });
        break;
      default:
        wrong(role, "system, developer, user, assistant or tool");
    }
  }
  return turns.turns;
}

function readUserPart(part: Field): UserPart[] {
  switch (typeOf(part)) {
    case "text":
      return readText(part);
    case "image_url":
      return [readImage(part)];
    case "file":
      return [readFile(at(part, "file"))];
    case "input_audio":
      return [readAudio(at(part, "input_audio"))];
    default:
      return [{ type: "other", raw: part.value as Fields }];
  }
}

export function readAudio(audio: Field): UserPart {
  fieldsOf(audio);
  return { type: "audio", format: textOf(at(audio, "format")), data: textOf(at(audio, "data")) };
}

function readAnswer(message: Field, oldCallId: string): AssistantPart[] {
  const content = at(message, "content");
  const thought = ["reasoning_content", "reasoning"].map((key) => at(message, key).value);
  const text = thought.find((value) => typeof value === "string" && value !== "");
  const refusal = optional(at(message, "refusal"), textOf) ?? "";
  const oldCall = at(message, "function_call");
  return [
    ...(typeof text === "string" ? [{ type: "reasoning" as const, text }] : []),
    ...(isAbsent(content) ? [] : readContent<AssistantPart>(content, readAnswerPart)),
    ...(refusal === "" ? [] : [{ type: "refusal" as const, text: refusal }]),
    ...(optional(at(message, "tool_calls"), itemsOf) ?? []).map(readCall),
    ...(isAbsent(oldCall) ? [] : [readFunction(oldCall, "arguments", oldCallId)]),
  ];
}

function readAnswerPart(part: Field): AssistantPart[] {
  switch (typeOf(part)) {
    case "text":
      return readText(part);
    case "refusal":
      return [{ type: "refusal", text: textOf(at(part, "refusal")) }];
    default:
      return [{ type: "other", raw: part.value as Fields }];
  }
}

/** A call of a tool that takes free text has the text for its arguments. */
function readCall(call: Field): AssistantPart {
  const id = (fieldsOf(call), textOf(at(call, "id")));
  const custom = at(call, "custom");
  return isAbsent(custom) ? readFunction(at(call, "function"), "arguments", id) : readFunction(custom, "input", id);
}

function readFunction(field: Field, key: "arguments" | "input", id: string): AssistantPart {
  fieldsOf(field);
  return { type: "tool_call", id, name: textOf(at(field, "name")), arguments: textOf(at(field, key)) };
}
