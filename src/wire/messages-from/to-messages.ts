import type { MessageRequest } from "../requests.ts";
import type { AssistantPart, MediaSource, RequestForm, Turn, UserPart } from "./form.ts";
import { defined } from "./to-chat.ts";

/** Where a client of another family sets no limit: messages must have one. */
const defaultMaxTokens = 4096;

/**
 * The form as the body of a message, for an upstream that speaks Anthropic's API. It streams where the client wants a
 * stream. The model's name goes over as the
 * client gave it: put your own after it. `max_tokens` is 4096 where the client sets none. What messages cannot say is
 * left out: see docs/protocols.md.
 *
 * @example
 * const form = messagesFrom(input);
 * return toChatCompletion(input, anthropic.messages.create({ ...toMessageRequest(form), model: "claude-sonnet-4-5" }));
 */
export function toMessageRequest(form: RequestForm): MessageRequest {
  const late = form.messages.flatMap((turn) => (turn.role === "system" ? turn.content.map(({ text }) => text) : []));
  const system = [form.system, ...late].filter((text) => text !== "").join("\n\n");
  const request = {
    model: form.model ?? "",
    max_tokens: form.max_tokens ?? defaultMaxTokens,
    messages: merge(form.messages),
    ...toTools(form),
    ...defined({
      system: system === "" ? undefined : system,
      stop_sequences: form.stop.length === 0 ? undefined : [...form.stop],
      temperature: form.temperature === undefined ? undefined : Math.min(form.temperature, 1),
      top_p: form.top_p,
      top_k: form.top_k,
      metadata: form.user === undefined ? undefined : { user_id: form.user },
      thinking: toThinking(form),
      output_config: toOutput(form),
      stream: form.stream ? true : undefined,
    }),
  };
  return request as unknown as MessageRequest;
}

function toTools({ tools, tool_choice: choice, parallel_tool_calls: parallel }: RequestForm): object {
  if (tools.length === 0) return {};
  const alone = parallel === undefined ? undefined : !parallel;
  // Where only parallel calls are spoken of, the choice has to be spelled out to say so.
  const spoken = choice ?? (alone === undefined ? undefined : "auto");
  return {
    tools: tools.map(({ schema, ...rest }) => ({ ...rest, input_schema: schema })),
    ...(spoken === undefined
      ? {}
      : {
          tool_choice: {
            ...toChoice(spoken),
            ...(alone === undefined || spoken === "none" ? {} : { disable_parallel_tool_use: alone }),
          },
        }),
  };
}

function toChoice(choice: Exclude<RequestForm["tool_choice"], undefined>): object {
  if (typeof choice === "object") return { type: "tool", name: choice.name };
  return { type: choice === "required" ? "any" : choice };
}

function toThinking({ reasoning: wish }: RequestForm): object | undefined {
  if (wish === undefined) return undefined;
  if (!wish.enabled) return { type: "disabled" };
  return wish.budget_tokens === undefined ? undefined : { type: "enabled", budget_tokens: wish.budget_tokens };
}

function toOutput({ response_format: format, reasoning }: RequestForm): object | undefined {
  const schema = format?.type === "json_schema" ? { type: "json_schema", schema: format.schema } : undefined;
  const output = defined({
    format: schema,
    effort: reasoning?.enabled === true ? toEffort(reasoning.effort) : undefined,
  });
  return Object.keys(output).length === 0 ? undefined : output;
}

/** OpenAI's least effort is below Anthropic's. */
function toEffort(effort: string | undefined): string | undefined {
  return effort === "minimal" ? "low" : effort;
}

interface Message {
  readonly role: "user" | "assistant";
  readonly content: object[];
}

/** Turns of one side in a row become one message; results of tools are the user's. */
function merge(turns: readonly Turn[]): Message[] {
  const messages: Message[] = [];
  for (const turn of turns) {
    if (turn.role === "system") continue;
    const content = toBlocks(turn);
    if (content.length === 0) continue;
    const role = turn.role === "assistant" ? "assistant" : "user";
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...content);
    else messages.push({ role, content });
  }
  return messages;
}

function toBlocks(turn: Exclude<Turn, { role: "system" }>): object[] {
  switch (turn.role) {
    case "user":
      return turn.content.flatMap(toUserBlock);
    case "assistant":
      return turn.content.flatMap(toAnswerBlock);
    case "tool":
      return [
        {
          type: "tool_result",
          tool_use_id: turn.tool_call_id,
          content: turn.content.flatMap(toUserBlock),
          ...(turn.is_error ? { is_error: true } : {}),
        },
      ];
  }
}

function toUserBlock(part: UserPart): object[] {
  switch (part.type) {
    case "text":
      return [{ type: "text", text: part.text }];
    case "image":
      return [{ type: "image", source: toSource(part.source) }];
    case "file": {
      const { source, filename } = part;
      const shown =
        source.type === "text" ? { type: "text", media_type: "text/plain", data: source.text } : toSource(source);
      return [{ type: "document", source: shown, ...defined({ title: filename }) }];
    }
    case "audio":
    case "other":
      return [];
  }
}

function toSource(source: MediaSource): object {
  return source.type === "file_id" ? { type: "file", file_id: source.file_id } : { ...source };
}

/** A signature cannot be made up, so thoughts without one stay behind. */
function toAnswerBlock(part: AssistantPart): object[] {
  switch (part.type) {
    case "text":
    case "refusal":
      return part.text === "" ? [] : [{ type: "text", text: part.text }];
    case "reasoning":
      if (part.redacted !== undefined) return [{ type: "redacted_thinking", data: part.redacted }];
      if (part.signature === undefined) return [];
      return [{ type: "thinking", thinking: part.text, signature: part.signature }];
    case "tool_call":
      return [{ type: "tool_use", id: part.id, name: part.name, input: toInput(part.arguments) }];
    case "other":
      return [];
  }
}

/** Arguments that are no JSON object, which a model may well have written, are wrapped in one. */
function toInput(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Told of below.
  }
  return { arguments: text };
}
