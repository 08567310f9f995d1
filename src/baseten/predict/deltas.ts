import type { StreamEvent } from "./events.ts";

/**
 * The text that an answer of any family, or one piece of its stream, has for a person; `undefined` where it is of none
 * of them. A piece that says something else, such as a tool's call, has an empty one.
 */
export function textOf(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const { type, choices, output, content } = value;
  if (Array.isArray(choices)) return textOfChoice(choices.find((choice) => isObject(choice) && !choice["index"]));
  if (typeof type === "string" && type.startsWith("response."))
    return /^response\.(?:output_text|refusal)\.delta$/.test(type) ? asText(value["delta"]) : "";
  if (typeof type === "string" && /^(message_|content_block_|ping$)/.test(type)) return textOfBlock(value["delta"]);
  if (value["object"] === "response" && Array.isArray(output)) return joinTexts(output.flatMap(contentOf));
  if (type === "message" && Array.isArray(content)) return joinTexts(content);
  return undefined;
}

/** What an in-band error says; `undefined` where an event is none. */
export function failureOf({ name, data }: StreamEvent): string | undefined {
  const value = parse(data);
  const body = isObject(value) ? value : {};
  const response = isObject(body["response"]) ? body["response"] : {};
  const error = body["type"] === "response.failed" ? response["error"] : body["error"];
  // An `error` of a model's own in what it streams is its business, unless it is of the families' form.
  const formal = isObject(error) && typeof error["message"] === "string";
  const named = name === "error" || body["type"] === "error" || body["type"] === "response.failed";
  if (!formal && !named) return undefined;
  return wordsOf(error) ?? wordsOf(body) ?? (data === "" ? "no reason was given" : data);
}

/** The last line of a stream of JSON lines, where it is our server's error: nothing but `{"error": "…"}`. */
export function failureOfLine(line: string): string | undefined {
  const value = parse(line);
  if (!isObject(value) || Object.keys(value).length !== 1) return undefined;
  return asText(value["error"]) || undefined;
}

/** What a refusal's body says in any family's form. */
export function messageOf(text: string): string | undefined {
  const value = parse(text);
  const error = isObject(value) ? (value["error"] ?? value["detail"] ?? value["message"]) : undefined;
  return wordsOf(error);
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textOfChoice(choice: unknown): string {
  if (!isObject(choice)) return "";
  const inner = choice["delta"] ?? choice["message"];
  return isObject(inner) ? asText(inner["content"]) || asText(inner["refusal"]) : asText(choice["text"]);
}

function textOfBlock(delta: unknown): string {
  return isObject(delta) ? asText(delta["text"]) : "";
}

function contentOf(item: unknown): unknown[] {
  return isObject(item) && Array.isArray(item["content"]) ? item["content"] : [];
}

function joinTexts(parts: readonly unknown[]): string {
  return parts.map((part) => (isObject(part) ? asText(part["text"]) || asText(part["refusal"]) : "")).join("");
}

function wordsOf(value: unknown): string | undefined {
  if (typeof value === "string" && value !== "") return value;
  return isObject(value) && typeof value["message"] === "string" ? value["message"] : undefined;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
