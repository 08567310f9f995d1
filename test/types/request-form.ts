/** What `messagesFrom` reads, and that its way out fits the official clients: checked by `tsc`, never run. */
import type Anthropic from "@anthropic-ai/sdk";
import type OpenAI from "openai";
import type { MessageRequest, RequestForm, ToolChoice, Turn } from "../../src/index.ts";
import {
  messagesFrom,
  textOfTurn,
  toChatCompletion,
  toChatRequest,
  toMessage,
  toMessageRequest,
} from "../../src/index.ts";

declare const openai: OpenAI;
declare const anthropic: Anthropic;

/** The request itself stays at hand, with its own type. */
export function raw(input: MessageRequest): MessageRequest["thinking"] {
  return messagesFrom(input, "messages").raw.thinking;
}

export function upstreams(form: RequestForm) {
  return [
    openai.chat.completions.create({ ...toChatRequest(form), model: "m", stream: true }),
    openai.chat.completions.create({ ...toChatRequest(form), model: "m", stream: false }),
    anthropic.messages.create({ ...toMessageRequest(form), model: "m", stream: true }),
    anthropic.messages.create({ ...toMessageRequest(form), model: "m", stream: false }),
  ];
}

/** The upstream's answer, streamed or whole as the client asked, is a generation. */
export function proxies(form: RequestForm) {
  return [
    toMessage({}, openai.chat.completions.create({ ...toChatRequest(form), model: "m" })),
    toChatCompletion({}, anthropic.messages.create({ ...toMessageRequest(form), model: "m" })),
  ];
}

/** A switch over the roles, and over the parts of each, is exhaustive. */
export function show(turn: Turn): string {
  switch (turn.role) {
    case "system":
    case "user":
      return textOfTurn(turn);
    case "tool":
      return `${turn.tool_call_id} ${turn.is_error}`;
    case "assistant":
      return turn.content.map(showPart).join("");
  }
}

function showPart(part: Extract<Turn, { role: "assistant" }>["content"][number]): string {
  switch (part.type) {
    case "text":
    case "refusal":
      return part.text;
    case "reasoning":
      return part.signature ?? part.text;
    case "tool_call":
      return part.arguments;
    case "other":
      return String(part.raw["type"]);
  }
}

export const choices: ToolChoice[] = ["auto", "none", "required", { name: "weather" }];

// @ts-expect-error a family has the name of its method
messagesFrom({}, "anthropic");
// @ts-expect-error a body is an object
messagesFrom("Hi");
// @ts-expect-error only Anthropic calls it `any`
export const any: ToolChoice = "any";
