/**
 * The text in a message, a list of messages or a piece of one. OpenAI and Anthropic nest it differently, but always
 * under `text`, `content` or as a plain string.
 */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(textOf).filter(Boolean).join("\n");
  if (typeof value !== "object" || value === null) return "";
  if ("text" in value) return textOf(value.text);
  if ("content" in value) return textOf(value.content);
  return "";
}

/** What the user said last. A plain string among the messages is a prompt, and the user's. */
export function lastUserText(messages: readonly unknown[]): string {
  return textOf(messages.findLast(isFromUser));
}

function isFromUser(message: unknown): boolean {
  if (typeof message !== "object" || message === null) return typeof message === "string";
  return "role" in message && message.role === "user";
}
