import type { ChatCompletion } from "openai/resources/chat/completions/completions";
import type { FinishReason, GenerationPart, TokenLogprob } from "../generation.ts";
import { createUsageSum } from "../usage-sum.ts";
import type { ChatAnswer } from "./chat-chunks.ts";
import { chatLogprobs } from "./logprobs.ts";
import { toUsage } from "./usage.ts";

type Message = ChatCompletion.Choice["message"] & { reasoning_content?: string };

/** Collects generations into the whole chat completion. */
export function createChatCollector({ count, logprobs: wanted, ...head }: ChatAnswer) {
  const usage = createUsageSum();
  const choices = Array.from({ length: count }, createChoice);
  return {
    push(part: GenerationPart, index: number): void {
      if (part.type === "usage") usage.note(part, index);
      else choices[index]?.push(part);
    },
    whole(): ChatCompletion {
      const total = usage.total();
      return {
        id: head.id,
        object: "chat.completion",
        created: head.created,
        model: head.model,
        choices: choices.map((choice, index) => ({
          index,
          message: choice.message(),
          logprobs: chatLogprobs(choice.tokens, wanted),
          finish_reason: choice.reason(),
        })),
        ...(total === undefined ? {} : { usage: toUsage(total) }),
      };
    },
  };
}

function createChoice() {
  const pieces = { text: [] as string[], reasoning: [] as string[], refusal: [] as string[] };
  const calls = new Map<string, { name: string; arguments: string }>();
  const tokens: TokenLogprob[] = [];
  let finish: FinishReason | undefined;

  /** Clients parse the arguments, also those of a call that has none. */
  const toolCalls = () =>
    [...calls].map(([id, call]) => ({
      id,
      type: "function" as const,
      function: { ...call, arguments: call.arguments || "{}" },
    }));

  return {
    tokens,
    push(part: Exclude<GenerationPart, { type: "usage" }>): void {
      switch (part.type) {
        case "finish":
          finish = part.reason;
          return;
        case "tool_call": {
          const known = calls.get(part.id);
          if (known === undefined) calls.set(part.id, { name: part.name, arguments: part.arguments });
          else known.arguments += part.arguments;
          return;
        }
        case "text":
          if (part.logprobs !== undefined) tokens.push(...part.logprobs);
          break;
        case "reasoning":
        case "refusal":
      }
      pieces[part.type].push(part.text);
    },
    message(): Message {
      const content = pieces.text.join("");
      const reasoning = pieces.reasoning.join("");
      const refusal = pieces.refusal.join("");
      return {
        role: "assistant",
        content: content === "" && (calls.size > 0 || refusal !== "") ? null : content,
        refusal: refusal === "" ? null : refusal,
        ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
        ...(calls.size === 0 ? {} : { tool_calls: toolCalls() }),
      };
    },
    reason: (): FinishReason => finish ?? (calls.size > 0 ? "tool_calls" : "stop"),
  };
}
