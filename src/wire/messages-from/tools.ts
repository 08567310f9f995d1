import type { Fields, ResponseFormat, ToolChoice, ToolDefinition } from "./form.ts";
import { at, type Field, fieldsOf, flagOf, given, isAbsent, itemsOf, optional, textOf, wrong } from "./fields.ts";

/** The tools of a request and what it says of their use. */
export interface Toolbox {
  readonly tools: readonly ToolDefinition[];
  readonly builtin_tools: readonly Fields[];
  readonly tool_choice: ToolChoice | undefined;
}

/** Tools that the client runs apart from those that a platform would. */
export function readTools(list: Field, readOne: (tool: Field) => ToolDefinition | undefined) {
  const tools: ToolDefinition[] = [];
  const others: Fields[] = [];
  for (const field of optional(list, itemsOf) ?? []) {
    const raw = fieldsOf(field);
    const tool = readOne(field);
    if (tool === undefined) others.push(raw);
    else tools.push(tool);
  }
  return { tools, builtin_tools: others };
}

/** Name, description and schema, wherever the family puts them. */
export function readDefinition(field: Field, schemaKey: "parameters" | "input_schema"): ToolDefinition {
  fieldsOf(field);
  const name = textOf(at(field, "name"));
  if (name === "") wrong(at(field, "name"), "a name");
  return {
    name,
    ...given("description", optional(at(field, "description"), textOf)),
    schema: optional(at(field, schemaKey), fieldsOf) ?? { type: "object", properties: {} },
    ...given("strict", optional(at(field, "strict"), flagOf)),
  };
}

/**
 * OpenAI's tool choice, chat's (`{ function: { name } }`) and that of responses (`{ name }`). With `allowed_tools` the
 * others are left out, since the model may not call them.
 */
export function readOpenaiChoice(field: Field, tools: Omit<Toolbox, "tool_choice">): Toolbox {
  if (isAbsent(field)) return { ...tools, tool_choice: undefined };
  if (typeof field.value === "string") return { ...tools, tool_choice: readMode(field) };
  const type = textOf(at(field, "type"));
  if (type === "allowed_tools") {
    const nested = at(field, "allowed_tools");
    const allowed = isAbsent(nested) ? field : nested;
    const names = new Set(itemsOf(at(allowed, "tools")).map(nameOf));
    const kept = tools.tools.filter(({ name }) => names.has(name));
    return { ...tools, tools: kept, tool_choice: readMode(at(allowed, "mode")) };
  }
  const known = type === "function" || type === "custom";
  const name = known ? textOf(nameField(field)) : (optional(at(field, "name"), textOf) ?? type);
  if (type === "function") requireTool(nameField(field), name, tools.tools);
  return { ...tools, tool_choice: { name } };
}

/** A choice of a tool that is not there can only be a mistake. */
export function requireTool(field: Field, name: string, tools: readonly ToolDefinition[]): void {
  if (!tools.some((tool) => tool.name === name)) wrong(field, "the name of one of the tools");
}

function readMode(field: Field): ToolChoice {
  const { value } = field;
  return value === "auto" || value === "none" || value === "required"
    ? value
    : wrong(field, "auto, none, required or a tool");
}

function nameOf(tool: Field): string {
  return optional(nameField(tool), textOf) ?? "";
}

function nameField(tool: Field): Field {
  const nested = ["function", "custom"].map((key) => at(tool, key)).find((field) => !isAbsent(field));
  return at(nested ?? tool, "name");
}

/** OpenAI's wish for JSON: chat's `response_format` (schema one level deeper) or responses' `text.format`. */
export function readFormat(field: Field): ResponseFormat | undefined {
  if (isAbsent(field)) return undefined;
  fieldsOf(field);
  switch (textOf(at(field, "type"))) {
    case "json_object":
      return { type: "json" };
    case "json_schema": {
      const nested = at(field, "json_schema");
      return readSchemaFormat(isAbsent(nested) ? field : nested);
    }
    default:
      return undefined;
  }
}

export function readSchemaFormat(field: Field): ResponseFormat {
  fieldsOf(field);
  return {
    type: "json_schema",
    schema: optional(at(field, "schema"), fieldsOf) ?? {},
    ...given("name", optional(at(field, "name"), textOf)),
    ...given("strict", optional(at(field, "strict"), flagOf)),
  };
}
