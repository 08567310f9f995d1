import type { ChatCompletionChunk } from "openai/resources/chat/completions/completions";
import { estimateTokens, promptLength } from "../estimate.ts";
import type { FinishReason, ToolCallPart } from "../generation.ts";
import type { Encoder } from "../translate.ts";
import { createUsageSum } from "../usage-sum.ts";
import type { ChatCompletionInput } from "./chat.ts";
import { chatLogprobs, type Wanted } from "./logprobs.ts";
import { toUsage, wantsUsage } from "./usage.ts";

/** What is the same in all chunks, and what the client asked for. */
export interface ChatAnswer {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  /** How many answers. */
  readonly count: number;
  readonly logprobs: Wanted;
}

/** Reasoning travels in `reasoning_content`, which OpenAI's schema lacks and most clients read. */
type Delta = ChatCompletionChunk.Choice.Delta & { reasoning_content?: string };
type Logprobs = ChatCompletionChunk.Choice["logprobs"];

/** The chunks of a chat completion, of each of its answers. */
export function createChunkEncoder(input: ChatCompletionInput, answer: ChatAnswer): Encoder<ChatCompletionChunk> {
  const { id, created, model, logprobs: wanted } = answer;
  const withUsage = wantsUsage(input);
  const usage = createUsageSum();
  const choices = Array.from({ length: answer.count }, createChoice);
  let characters = 0;

  const chunk = (list: ChatCompletionChunk.Choice[]): ChatCompletionChunk => {
    const fields: ChatCompletionChunk = { id, object: "chat.completion.chunk", created, model, choices: list };
    return withUsage ? { ...fields, usage: null } : fields;
  };
  const piece = (index: number, delta: Delta, logprobs: Logprobs = null, reason: FinishReason | null = null) =>
    chunk([{ index, delta, logprobs, finish_reason: reason }]);
  const counted = (text: string, delta: () => ChatCompletionChunk) => {
    characters += text.length;
    return text === "" ? [] : [delta()];
  };
  const end = (choice: Choice, index: number): ChatCompletionChunk[] => [
    ...choice.unsaid().map((call) => piece(index, { tool_calls: [call] })),
    piece(index, {}, null, choice.reason()),
  ];

  return {
    start: () => choices.map((_, index) => piece(index, { role: "assistant", content: "" })),
    push(part, index) {
      switch (part.type) {
        case "text":
          return counted(part.text, () => piece(index, { content: part.text }, chatLogprobs(part.logprobs, wanted)));
        case "reasoning":
          return counted(part.text, () => piece(index, { reasoning_content: part.text }));
        case "refusal":
          return counted(part.text, () => piece(index, { refusal: part.text }));
        case "tool_call": {
          characters += part.arguments.length;
          const call = choices[index]?.call(part);
          return call === undefined ? [] : [piece(index, { tool_calls: [call] })];
        }
        case "usage":
          usage.note(part, index);
          return [];
        case "finish":
          choices[index]?.finish(part.reason);
          return [];
      }
    },
    finish() {
      const ends = choices.flatMap(end);
      if (!withUsage) return ends;
      const known = usage.total() ?? {
        input_tokens: estimateTokens(promptLength(input.messages)),
        output_tokens: estimateTokens(characters),
      };
      return [...ends, { ...chunk([]), usage: toUsage(known) }];
    },
  };
}

type Choice = ReturnType<typeof createChoice>;

/** What one answer's chunks must remember. */
function createChoice() {
  const calls = new Map<string, { readonly index: number; empty: boolean }>();
  let finish: FinishReason | undefined;
  return {
    /** A call's first piece has its id and name; each has its number. */
    call(part: ToolCallPart): ChatCompletionChunk.Choice.Delta.ToolCall | undefined {
      const known = calls.get(part.id);
      if (known === undefined) {
        const index = calls.size;
        calls.set(part.id, { index, empty: part.arguments === "" });
        return { index, id: part.id, type: "function", function: { name: part.name, arguments: part.arguments } };
      }
      if (part.arguments === "") return undefined;
      known.empty = false;
      return { index: known.index, function: { arguments: part.arguments } };
    },
    /** Clients parse the arguments, also those of a call that has none. */
    unsaid: () =>
      [...calls.values()].flatMap(({ index, empty }) => (empty ? [{ index, function: { arguments: "{}" } }] : [])),
    finish(reason: FinishReason) {
      finish = reason;
    },
    reason: () => finish ?? (calls.size > 0 ? "tool_calls" : "stop"),
  };
}
