import type Anthropic from "@anthropic-ai/sdk";
import type OpenAI from "openai";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions/completions";
import type { Response, ResponseStreamEvent } from "openai/resources/responses/responses";
import { expect } from "vitest";
import type { GenerationPart } from "../../../../src/index.ts";

/** What an answer says, whichever protocol it was told in. */
export interface Said {
  text: string;
  reasoning: string;
  refusal: string;
  calls: { id: string; name: string; arguments: unknown }[];
  /** Input and output, what came from a cache and what was reasoning. */
  usage: [number, number, number, number] | undefined;
  finish: string;
}

const nothing = (): Said => ({ text: "", reasoning: "", refusal: "", calls: [], usage: undefined, finish: "" });

/** What a generation says by itself. */
export function saidByParts(parts: readonly GenerationPart[]): Said {
  const said = nothing();
  const calls = new Map<string, { name: string; arguments: string }>();
  for (const part of parts) {
    if (part.type === "usage") {
      const { input_tokens, output_tokens, cached_input_tokens = 0, reasoning_tokens = 0 } = part;
      said.usage = [input_tokens, output_tokens, cached_input_tokens, reasoning_tokens];
    } else if (part.type === "finish") said.finish = part.reason;
    else if (part.type !== "tool_call") said[part.type] += part.text;
    else {
      const call = calls.get(part.id) ?? { name: part.name, arguments: "" };
      call.arguments += part.arguments;
      calls.set(part.id, call);
    }
  }
  said.calls = [...calls].map(([id, call]) => ({ id, name: call.name, arguments: parse(call.arguments || "{}") }));
  said.finish ||= said.calls.length > 0 ? "tool_calls" : "stop";
  return said;
}

type ReasonedDelta = ChatCompletionChunk.Choice.Delta & { reasoning_content?: string };

export async function saidByChat(openai: OpenAI, stream: boolean): Promise<Said> {
  const asked = { model: "m", messages: [{ role: "user" as const, content: "Hi" }] };
  const said = nothing();
  if (!stream) {
    const { choices, usage } = await openai.chat.completions.create(asked);
    readChatMessage(said, choices[0]?.message);
    said.finish = choices[0]?.finish_reason ?? "";
    if (usage !== undefined) said.usage = chatUsage(usage);
    return said;
  }
  const calls: { id: string; name: string; arguments: string }[] = [];
  const chunks = await openai.chat.completions.create({
    ...asked,
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const chunk of chunks) {
    if (chunk.usage) said.usage = chatUsage(chunk.usage);
    const choice = chunk.choices[0];
    const delta: ReasonedDelta = choice?.delta ?? {};
    said.text += delta.content ?? "";
    said.reasoning += delta.reasoning_content ?? "";
    said.refusal += delta.refusal ?? "";
    for (const piece of delta.tool_calls ?? []) {
      const call = (calls[piece.index] ??= { id: piece.id ?? "", name: piece.function?.name ?? "", arguments: "" });
      call.arguments += piece.function?.arguments ?? "";
    }
    said.finish ||= choice?.finish_reason ?? "";
  }
  said.calls = calls.map((call) => ({ ...call, arguments: parse(call.arguments) }));
  return said;
}

function readChatMessage(
  said: Said,
  message: (ChatCompletion.Choice["message"] & { reasoning_content?: string }) | undefined,
) {
  said.text = message?.content ?? "";
  said.reasoning = message?.reasoning_content ?? "";
  said.refusal = message?.refusal ?? "";
  said.calls = (message?.tool_calls ?? []).flatMap((call) =>
    call.type === "function"
      ? [{ id: call.id, name: call.function.name, arguments: parse(call.function.arguments) }]
      : [],
  );
}

function chatUsage(usage: NonNullable<ChatCompletion["usage"]>): Said["usage"] {
  expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
  const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
  return [usage.prompt_tokens, usage.completion_tokens, cached, usage.completion_tokens_details?.reasoning_tokens ?? 0];
}

export async function saidByCompletions(openai: OpenAI, stream: boolean): Promise<Said> {
  const asked = { model: "m", prompt: "Hi" };
  const said = nothing();
  const list = stream
    ? await openai.completions.create({ ...asked, stream, stream_options: { include_usage: true } })
    : [await openai.completions.create(asked)];
  for await (const { choices, usage } of list) {
    said.text += choices[0]?.text ?? "";
    said.finish ||= choices[0]?.finish_reason ?? "";
    if (usage) said.usage = chatUsage(usage);
  }
  return said;
}

export async function saidByResponses(openai: OpenAI, stream: boolean): Promise<Said> {
  const asked = { model: "m", input: "Hi", include: ["reasoning.encrypted_content" as const] };
  if (!stream) return readResponse(await openai.responses.create(asked));
  const events: ResponseStreamEvent[] = [];
  for await (const event of await openai.responses.create({ ...asked, stream: true })) events.push(event);
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
  const last = events.at(-1);
  if (last?.type !== "response.completed" && last?.type !== "response.incomplete") throw new Error(`${last?.type}`);
  expectJoined(events, last.response);
  return readResponse(last.response);
}

/** The pieces of each item join to what the response has in the end. */
function expectJoined(events: readonly ResponseStreamEvent[], response: Response) {
  const joined = response.output.map(() => "");
  const open = new Set<number>();
  for (const event of events) {
    if (event.type === "response.output_item.added") open.add(event.output_index);
    if ("delta" in event && typeof event.delta === "string" && "output_index" in event) {
      expect(open.has(event.output_index)).toBe(true);
      joined[event.output_index] += event.delta;
    }
    if (event.type === "response.output_item.done") {
      expect(open.delete(event.output_index)).toBe(true);
      expect(event.item).toEqual(response.output[event.output_index]);
    }
  }
  expect([...open]).toEqual([]);
  expect(joined).toEqual(response.output.map(contentOf));
}

function contentOf(item: Response["output"][number]): string {
  if (item.type === "function_call") return item.arguments;
  if (item.type === "reasoning") return (item.content ?? []).map(({ text }) => text).join("");
  if (item.type !== "message") throw new Error(item.type);
  return item.content.map((part) => (part.type === "output_text" ? part.text : part.refusal)).join("");
}

function readResponse(response: Response): Said {
  const said = nothing();
  for (const item of response.output) {
    if (item.type === "reasoning") said.reasoning += contentOf(item);
    if (item.type === "function_call")
      said.calls.push({ id: item.call_id, name: item.name, arguments: parse(item.arguments) });
    if (item.type !== "message") continue;
    for (const part of item.content) {
      if (part.type === "output_text") said.text += part.text;
      else said.refusal += part.refusal;
    }
  }
  const { usage } = response;
  if (usage) {
    const { cached_tokens } = usage.input_tokens_details;
    said.usage = [usage.input_tokens, usage.output_tokens, cached_tokens, usage.output_tokens_details.reasoning_tokens];
  }
  said.finish = response.incomplete_details?.reason ?? response.status ?? "";
  return said;
}

export async function saidByMessages(anthropic: Anthropic, stream: boolean): Promise<Said> {
  const asked = { model: "m", max_tokens: 9, messages: [{ role: "user" as const, content: "Hi" }] };
  const message = stream
    ? await anthropic.messages.stream(asked).finalMessage()
    : await anthropic.messages.create(asked);
  const said = nothing();
  for (const block of message.content) {
    if (block.type === "text") said.text += block.text;
    if (block.type === "thinking") said.reasoning += block.thinking;
    if (block.type === "tool_use") said.calls.push({ id: block.id, name: block.name, arguments: block.input });
  }
  const { input_tokens, output_tokens, cache_read_input_tokens, output_tokens_details } = message.usage;
  const cached = cache_read_input_tokens ?? 0;
  said.usage = [input_tokens + cached, output_tokens, cached, output_tokens_details?.thinking_tokens ?? 0];
  said.finish = message.stop_reason ?? "";
  return said;
}

function parse(text: string): unknown {
  return JSON.parse(text) as unknown;
}
