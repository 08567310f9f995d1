import type { AssistantPart, Fields, RequestForm, ToolChoice, ToolDefinition, Turn, UserPart } from "./form.ts";
import {
  at,
  countOf,
  type Field,
  fieldsOf,
  flagOf,
  given,
  isAbsent,
  itemsOf,
  optional,
  textOf,
  typeOf,
  wrong,
} from "./fields.ts";
import { readSource } from "./media.ts";
import { readSettings, type Reading } from "./settings.ts";
import { readDefinition, readSchemaFormat, readTools, requireTool } from "./tools.ts";
import { createTurnList, readContent, readStops, readText, splitSystem } from "./turns.ts";

/** Reads `POST /v1/messages`, and the body of `…/count_tokens`, which has no `max_tokens`. */
export function readMessages(body: Field): Reading {
  const list = itemsOf(at(body, "messages"));
  if (list.length === 0) wrong(at(body, "messages"), "a list of at least one message");
  const system = optional(at(body, "system"), (field) => readContent(field, readText)) ?? [];
  const tools = readTools(at(body, "tools"), readTool);
  const { metadata, ...settings } = readSettings(body);
  return {
    ...settings,
    metadata,
    user: optional(at({ value: metadata, path: "metadata" }, "user_id"), textOf),
    ...splitSystem(system.map(({ text }) => text).join("\n\n"), readTurns(list)),
    ...tools,
    ...readChoice(at(body, "tool_choice"), tools),
    max_tokens: optional(at(body, "max_tokens"), countOf),
    stop: readStops(at(body, "stop_sequences")),
    response_format: readOutputFormat(body),
    reasoning: readThinking(body),
    seed: undefined,
    presence_penalty: undefined,
    frequency_penalty: undefined,
    previous_response_id: undefined,
  };
}

/** Tools of the client have no type, or `custom`; all others are Anthropic's own. */
function readTool(tool: Field): ToolDefinition | undefined {
  const type = (fieldsOf(tool), optional(at(tool, "type"), textOf));
  return type === undefined || type === "custom" ? readDefinition(tool, "input_schema") : undefined;
}

type Tools = ReturnType<typeof readTools>;

function readChoice(field: Field, tools: Tools) {
  if (isAbsent(field)) return { tool_choice: undefined, parallel_tool_calls: undefined };
  const type = at((fieldsOf(field), field), "type");
  const alone = optional(at(field, "disable_parallel_tool_use"), flagOf);
  return {
    tool_choice: choiceOf(type, at(field, "name"), tools),
    parallel_tool_calls: alone === undefined ? undefined : !alone,
  };
}

function choiceOf(type: Field, name: Field, { tools, builtin_tools }: Tools): ToolChoice {
  switch (type.value) {
    case "auto":
    case "none":
      return type.value;
    case "any":
      return "required";
    case "tool": {
      const chosen = textOf(name);
      if (!builtin_tools.some((tool) => tool["name"] === chosen)) requireTool(name, chosen, tools);
      return { name: chosen };
    }
    default:
      return wrong(type, "auto, any, tool or none");
  }
}

/** `output_config.format`, and the beta's `output_format` before it. */
function readOutputFormat(body: Field): RequestForm["response_format"] {
  const config = at(body, "output_config");
  const format = isAbsent(config) ? at(body, "output_format") : at((fieldsOf(config), config), "format");
  if (isAbsent(format)) return undefined;
  return typeOf(format) === "json_schema" ? readSchemaFormat(format) : undefined;
}

function readThinking(body: Field): RequestForm["reasoning"] {
  const thinking = at(body, "thinking");
  const effort = optional(at(at(body, "output_config"), "effort"), textOf);
  if (isAbsent(thinking) && effort === undefined) return undefined;
  const budget = isAbsent(thinking) ? undefined : optional(at(thinking, "budget_tokens"), countOf);
  return {
    enabled: isAbsent(thinking) || typeOf(thinking) !== "disabled",
    ...given("effort", effort),
    ...given("budget_tokens", budget),
  };
}

function readTurns(list: readonly Field[]): readonly Turn[] {
  const turns = createTurnList();
  for (const message of list) {
    fieldsOf(message);
    const role = at(message, "role");
    const content = at(message, "content");
    switch (role.value) {
      case "user":
        readUser(content, turns);
        break;
      case "assistant":
        turns.answer(readContent<AssistantPart>(content, readAnswerBlock), true);
        break;
      case "system":
        turns.add({ role: "system", content: readContent(content, readText) });
        break;
      default:
        wrong(role, "user or assistant");
    }
  }
  return turns.turns;
}

/** Tool results stand among a user's blocks; here each is a turn of its own, in the same order. */
function readUser(content: Field, turns: ReturnType<typeof createTurnList>): void {
  if (typeof content.value === "string") return turns.add({ role: "user", content: readContent(content, readText) });
  let said: UserPart[] = [];
  const flush = () => {
    if (said.length > 0) turns.add({ role: "user", content: said });
    said = [];
  };
  for (const block of itemsOf(content)) {
    if (typeOf(block) !== "tool_result") {
      said.push(...readUserBlock(block));
      continue;
    }
    flush();
    const result = at(block, "content");
    turns.add({
      role: "tool",
      tool_call_id: textOf(at(block, "tool_use_id")),
      content: isAbsent(result) ? [] : readContent(result, readUserBlock),
      is_error: optional(at(block, "is_error"), flagOf) ?? false,
    });
  }
  flush();
  return undefined;
}

function readUserBlock(block: Field): UserPart[] {
  const raw = block.value as Fields;
  switch (typeOf(block)) {
    case "text":
      return readText(block);
    case "image": {
      const source = readSource(at(block, "source"));
      return source === undefined ? [{ type: "other", raw }] : [{ type: "image", source }];
    }
    case "document":
      return [readDocument(block, raw)];
    default:
      return [{ type: "other", raw }];
  }
}

function readDocument(block: Field, raw: Fields): UserPart {
  const filename = given("filename", optional(at(block, "title"), textOf));
  const source = at(block, "source");
  if (typeOf(source) === "text") {
    return { type: "file", source: { type: "text", text: textOf(at(source, "data")) }, ...filename };
  }
  const read = readSource(source);
  return read === undefined ? { type: "other", raw } : { type: "file", source: read, ...filename };
}

function readAnswerBlock(block: Field): AssistantPart[] {
  switch (typeOf(block)) {
    case "text":
      return readText(block);
    case "thinking": {
      const signature = optional(at(block, "signature"), textOf);
      return [
        {
          type: "reasoning",
          text: textOf(at(block, "thinking")),
          ...given("signature", signature === "" ? undefined : signature),
        },
      ];
    }
    case "redacted_thinking":
      return [{ type: "reasoning", text: "", redacted: textOf(at(block, "data")) }];
    case "tool_use":
      return [
        {
          type: "tool_call",
          id: textOf(at(block, "id")),
          name: textOf(at(block, "name")),
          arguments: jsonOf(at(block, "input")),
        },
      ];
    default:
      return [{ type: "other", raw: block.value as Fields }];
  }
}

/** JSON can be read from deeper nesting than it can be written to. */
function jsonOf(input: Field): string {
  const fields = fieldsOf(input);
  try {
    return JSON.stringify(fields);
  } catch {
    return wrong(input, "an object that is nested less deeply");
  }
}
