import { HttpError } from "../../errors.ts";
import type { Fields, RequestFamily } from "./form.ts";

/**
 * The family of a request, by its shape:
 *
 * 1. `messages` is there: `messages` (Anthropic) or `chat_completions`, by whatever only one of the two has.
 *    Where nothing tells them apart, both read the same, and the family is `chat_completions`.
 * 2. Else `prompt` as text or a list is `completions`.
 * 3. Else `input` and what goes in its place (`previous_response_id`, …) is `responses`.
 *
 * Anything else is refused, and so is a body that has what only the one and what only the other family knows.
 */
export function familyOfRequest(body: Fields): RequestFamily {
  if (isGiven(body["messages"])) return chatOrMessages(body);
  const { prompt } = body;
  if (!isGiven(body["input"]) && (typeof prompt === "string" || Array.isArray(prompt))) return "completions";
  if (responseKeys.some((key) => isGiven(body[key]))) return "responses";
  throw new HttpError(400, "The body has none of messages, input and prompt: there is nothing to answer", {
    param: "messages",
    code: "missing_required_parameter",
  });
}

/** `prompt` is an object here, a stored prompt's id. */
const responseKeys = ["input", "previous_response_id", "conversation", "prompt", "instructions"];

function chatOrMessages(body: Fields): RequestFamily {
  const marks = { chat_completions: [] as string[], messages: [] as string[] };
  for (const [family, keys] of Object.entries(ownKeys)) {
    for (const key of keys) if (isGiven(body[key])) marks[family as keyof typeof marks].push(key);
  }
  markTools(body, marks);
  markMessages(body["messages"], marks);
  const [chat] = marks.chat_completions;
  const [messages] = marks.messages;
  if (chat !== undefined && messages !== undefined) {
    throw new HttpError(400, `The body is neither chat completions nor messages: it has ${chat} and ${messages}`, {
      param: messages,
    });
  }
  return messages === undefined ? "chat_completions" : "messages";
}

interface Marks {
  readonly chat_completions: string[];
  readonly messages: string[];
}

/** What one family has and no client sends to the other, extensions of common servers included. */
const ownKeys = {
  messages: ["system", "stop_sequences"],
  chat_completions: [
    "max_completion_tokens",
    "stop",
    "n",
    "response_format",
    "stream_options",
    "parallel_tool_calls",
    "functions",
    "function_call",
  ],
};

function markTools(body: Fields, marks: Marks): void {
  for (const [index, tool] of listOf(body["tools"]).entries()) {
    if (isGiven(tool["function"])) marks.chat_completions.push(`tools[${index}].function`);
    else if (isGiven(tool["input_schema"])) marks.messages.push(`tools[${index}].input_schema`);
  }
  const choice = body["tool_choice"];
  if (typeof choice === "string") marks.chat_completions.push("tool_choice");
  const type = typeof choice === "object" && choice !== null ? (choice as Fields)["type"] : undefined;
  if (typeof type === "string" && ["auto", "any", "tool", "none"].includes(type)) marks.messages.push("tool_choice");
}

/** Both know `text`; messages also know the role `system`, in a beta, so that it tells nothing where others do. */
const chatParts = new Set(["image_url", "input_audio", "file", "refusal", "video_url"]);
const messageBlocks = new Set([
  "image",
  "document",
  "search_result",
  "thinking",
  "redacted_thinking",
  "tool_use",
  "tool_result",
  "server_tool_use",
  "container_upload",
]);

function markMessages(messages: unknown, marks: Marks): void {
  for (const [index, message] of listOf(messages).entries()) {
    const path = `messages[${index}]`;
    const { role } = message;
    if (role === "developer" || role === "tool" || role === "function") marks.chat_completions.push(`${path}.role`);
    for (const key of ["tool_calls", "tool_call_id", "function_call"]) {
      if (isGiven(message[key])) marks.chat_completions.push(`${path}.${key}`);
    }
    for (const [place, part] of listOf(message["content"]).entries()) {
      const type = String(part["type"]);
      if (chatParts.has(type)) marks.chat_completions.push(`${path}.content[${place}]`);
      if (messageBlocks.has(type)) marks.messages.push(`${path}.content[${place}]`);
    }
  }
}

function listOf(value: unknown): Fields[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list.map((item) => (typeof item === "object" && item !== null ? (item as Fields) : {}));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
