import type { ChatCompletionRequest } from "../requests.ts";
import type { AssistantPart, MediaSource, RequestForm, Turn, UserPart } from "./form.ts";

/**
 * The form as the body of a chat completion, for an upstream that speaks OpenAI's API. It streams where the client
 * wants a stream. The model's name goes over as the client gave it: put your own after it. What chat cannot say is left
 * out: see docs/protocols.md.
 *
 * @example
 * const form = messagesFrom(input);
 * return toMessage(input, openai.chat.completions.create({ ...toChatRequest(form), model: "gpt-5.1" }));
 */
export function toChatRequest(form: RequestForm): ChatCompletionRequest {
  const request = {
    model: form.model ?? "",
    messages: [...(form.system === "" ? [] : [{ role: "system", content: form.system }]), ...toMessages(form.messages)],
    ...toTools(form),
    ...defined({
      max_completion_tokens: form.max_tokens,
      stop: form.stop.length === 0 ? undefined : [...form.stop],
      temperature: form.temperature,
      top_p: form.top_p,
      seed: form.seed,
      presence_penalty: form.presence_penalty,
      frequency_penalty: form.frequency_penalty,
      response_format: toFormat(form),
      reasoning_effort: toEffort(form.reasoning),
      user: form.user,
      ...(form.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    }),
  };
  // Reasoning is passed on in `reasoning_content`, which OpenAI's types lack.
  return request as unknown as ChatCompletionRequest;
}

function toTools({ tools, tool_choice: choice, parallel_tool_calls: parallel }: RequestForm): object {
  if (tools.length === 0) return {};
  return {
    tools: tools.map(({ schema, ...rest }) => ({ type: "function", function: { ...rest, parameters: schema } })),
    ...defined({
      tool_choice: typeof choice === "object" ? { type: "function", function: { name: choice.name } } : choice,
      parallel_tool_calls: parallel,
    }),
  };
}

function toFormat({ response_format: format }: RequestForm): object | undefined {
  if (format === undefined) return undefined;
  if (format.type === "json") return { type: "json_object" };
  const { type, name = "answer", ...rest } = format;
  return { type, json_schema: { name, ...rest } };
}

/** Chat knows no budget, and calls the most that messages know `xhigh`. */
function toEffort(wish: RequestForm["reasoning"]): string | undefined {
  if (wish === undefined) return undefined;
  if (!wish.enabled) return "none";
  if (wish.effort === "max") return "xhigh";
  return wish.effort ?? (wish.budget_tokens === undefined ? "medium" : effortOf(wish.budget_tokens));
}

function effortOf(budget: number): string {
  if (budget < 4_000) return "low";
  return budget < 16_000 ? "medium" : "high";
}

/** Tools answer by text alone here: what else they answered is said by the user, once all of them have. */
function toMessages(turns: readonly Turn[]): object[] {
  const messages: object[] = [];
  let shown: object[] = [];
  const flush = () => {
    if (shown.length > 0) messages.push({ role: "user", content: shown });
    shown = [];
  };
  for (const turn of turns) {
    if (turn.role !== "tool") {
      flush();
      messages.push(toMessage(turn));
      continue;
    }
    const parts = turn.content.flatMap(toPart);
    const said = parts.filter((part) => "text" in part);
    messages.push({ role: "tool", tool_call_id: turn.tool_call_id, content: plain(said) });
    shown.push(...parts.filter((part) => !("text" in part)));
  }
  flush();
  return messages;
}

function toMessage(turn: Exclude<Turn, { role: "tool" }>): object {
  switch (turn.role) {
    case "system":
      return { role: "system", content: plain(turn.content.map(({ text }) => ({ type: "text", text }))) };
    case "user":
      return { role: "user", content: plain(turn.content.flatMap(toPart)) };
    case "assistant":
      return toAnswer(turn.content);
  }
}

function toAnswer(content: readonly AssistantPart[]): object {
  const parts = content.flatMap((part) => (part.type === "text" ? [{ type: "text", text: part.text }] : []));
  const join = (type: "refusal" | "reasoning") =>
    content.flatMap((part) => (part.type === type ? [part.text] : [])).join("") || undefined;
  const calls = content.flatMap((part) => (part.type === "tool_call" ? [part] : []));
  return {
    role: "assistant",
    content: parts.length === 0 && calls.length > 0 ? null : plain(parts),
    ...defined({ refusal: join("refusal"), reasoning_content: join("reasoning") }),
    ...(calls.length === 0
      ? {}
      : {
          tool_calls: calls.map(({ id, name, arguments: text }) => ({
            id,
            type: "function",
            function: { name, arguments: text },
          })),
        }),
  };
}

/** Many servers of this format take a text only, so one text is sent as such. */
function plain(parts: readonly object[]): unknown {
  if (parts.length === 0) return "";
  const [first] = parts;
  return parts.length === 1 && first !== undefined && "text" in first ? first.text : parts;
}

function toPart(part: UserPart): object[] {
  switch (part.type) {
    case "text":
      return [{ type: "text", text: part.text }];
    case "image": {
      const url = toUrl(part.source);
      if (url === undefined) return [];
      return [{ type: "image_url", image_url: { url, ...defined({ detail: part.detail }) } }];
    }
    case "file":
      return toFile(part);
    case "audio":
      return [{ type: "input_audio", input_audio: { format: part.format, data: part.data } }];
    case "other":
      return [];
  }
}

/** Chat takes no addresses of files, and a file of text is simply text. */
function toFile({ source, filename }: Extract<UserPart, { type: "file" }>): object[] {
  if (source.type === "text") return [{ type: "text", text: source.text }];
  if (source.type === "url") return [{ type: "text", text: source.url }];
  if (source.type === "file_id") return [{ type: "file", file: { file_id: source.file_id } }];
  return [{ type: "file", file: { file_data: toUrl(source), filename: filename ?? "file" } }];
}

function toUrl(source: MediaSource): string | undefined {
  if (source.type === "file_id") return undefined;
  return source.type === "url" ? source.url : `data:${source.media_type};base64,${source.data}`;
}

/** Without the members that are undefined. */
export function defined<Value extends object>(value: Value): Partial<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Partial<Value>;
}
