import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import Anthropic from "@anthropic-ai/sdk";
import { jsonSchema, streamText, type ToolSet } from "ai";
import OpenAI from "openai";
import {
  type ChatCompletionRequest,
  type CompletionRequest,
  type GenerationSource,
  type GenerationPart,
  type GenerationSource as Source,
  type MessageRequest,
  type ResponseRequest,
  toChatCompletion,
  toCompletion,
  toMessage,
  toResponse,
} from "../../../../src/index.ts";
import { createTestModel, type TestModel } from "../../../../src/testing.ts";

/** A server of all protocols that says what it is told to, and the official clients that ask it. */
export interface Upstream {
  say(generation: () => GenerationSource): void;
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
  /** What a proxy has in hand, by the client that it asks with. */
  readonly sources: Readonly<Record<SourceName, (signal?: AbortSignal) => Source>>;
  close(): Promise<void>;
}

export const sourceNames = [
  "chat",
  "chat, whole",
  "chat helper",
  "responses",
  "responses, whole",
  "responses helper",
  "messages",
  "messages, whole",
  "messages helper",
  "beta messages",
  "ai over chat",
  "ai over messages",
  "ai result",
] as const;
export const textSourceNames = ["completions", "completions, whole"] as const;
export type SourceName = (typeof sourceNames)[number] | (typeof textSourceNames)[number];

export async function startUpstream(): Promise<Upstream> {
  let next: () => GenerationSource = () => "";
  const model = await createTestModel(createModel(() => next()));
  const fetch = abortable(model.fetch);
  const settings = { apiKey: "none", fetch, maxRetries: 0 };
  const openai = new OpenAI({ ...settings, baseURL: `${model.url}/v1` });
  const anthropic = new Anthropic({ ...settings, baseURL: model.url });
  return {
    say: (generation) => (next = generation),
    openai,
    anthropic,
    sources: { ...openaiSources(openai), ...anthropicSources(anthropic), ...aiSources(model.url, fetch) },
    close: () => model.close(),
  };
}

/** As over a network: a request that is aborted is over for whoever made it, whatever becomes of it at the server. */
function abortable(fetch: TestModel["fetch"]): typeof globalThis.fetch {
  return (input, init) => {
    const { signal } = new Request(input instanceof Request ? input : new URL(input), init ?? {});
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(new DOMException("This operation was aborted", "AbortError"))),
    );
    return Promise.race([fetch(input, init), aborted]);
  };
}

/** A Model of all four protocols over one generation. */
export function createModel(generation: (request: Request) => Source) {
  return class {
    chat_completions(input: ChatCompletionRequest, request: Request) {
      return toChatCompletion(input, generation(request));
    }
    completions(input: CompletionRequest, request: Request) {
      return toCompletion(input, generation(request));
    }
    responses(input: ResponseRequest, request: Request) {
      return toResponse(input, generation(request));
    }
    messages(input: MessageRequest, request: Request) {
      return toMessage(input, generation(request));
    }
  };
}

const messages = [{ role: "user" as const, content: "Hi" }];

function openaiSources(openai: OpenAI) {
  const chat = { model: "m", messages };
  const responses = { model: "m", input: "Hi", include: ["reasoning.encrypted_content" as const] };
  const completions = { model: "m", prompt: "Hi" };
  const withUsage = { stream: true, stream_options: { include_usage: true } } as const;
  return {
    chat: (signal?: AbortSignal) => openai.chat.completions.create({ ...chat, ...withUsage }, { signal }),
    "chat, whole": (signal?: AbortSignal) => openai.chat.completions.create(chat, { signal }),
    "chat helper": (signal?: AbortSignal) => openai.chat.completions.stream({ ...chat, ...withUsage }, { signal }),
    responses: (signal?: AbortSignal) => openai.responses.create({ ...responses, stream: true }, { signal }),
    "responses, whole": (signal?: AbortSignal) => openai.responses.create(responses, { signal }),
    "responses helper": (signal?: AbortSignal) => openai.responses.stream(responses, { signal }),
    completions: (signal?: AbortSignal) => openai.completions.create({ ...completions, ...withUsage }, { signal }),
    "completions, whole": (signal?: AbortSignal) => openai.completions.create(completions, { signal }),
  };
}

function anthropicSources(anthropic: Anthropic) {
  const asked = { model: "m", max_tokens: 9, messages };
  return {
    messages: (signal?: AbortSignal) => anthropic.messages.create({ ...asked, stream: true }, { signal }),
    "messages, whole": (signal?: AbortSignal) => anthropic.messages.create(asked, { signal }),
    "messages helper": (signal?: AbortSignal) => anthropic.messages.stream(asked, { signal }),
    "beta messages": (signal?: AbortSignal) => anthropic.beta.messages.create({ ...asked, stream: true }, { signal }),
  };
}

function aiSources(url: string, fetch: typeof globalThis.fetch) {
  const inputSchema = jsonSchema({ type: "object" });
  const tools: ToolSet = { look_up: { inputSchema }, add: { inputSchema } };
  const baseURL = `${url}/v1`;
  const compatible = createOpenAICompatible({ name: "up", baseURL, fetch, includeUsage: true });
  const anthropic = createAnthropic({ baseURL, apiKey: "none", fetch });
  const ask = (languageModel: Parameters<typeof streamText>[0]["model"], abortSignal?: AbortSignal) =>
    streamText({
      model: languageModel,
      prompt: "Hi",
      tools,
      maxRetries: 0,
      maxOutputTokens: 64,
      onError: () => undefined,
      ...(abortSignal === undefined ? {} : { abortSignal }),
    });
  return {
    "ai over chat": (signal?: AbortSignal) => ask(compatible.chatModel("m"), signal).fullStream,
    "ai over messages": (signal?: AbortSignal) => ask(anthropic("m"), signal).fullStream,
    "ai result": (signal?: AbortSignal) => ask(anthropic("m"), signal),
  };
}

const call = (id: string, name: string, args: string): GenerationPart => ({
  type: "tool_call",
  id,
  name,
  arguments: args,
});

/** Everything at once: reasoning, text, two calls in pieces that cross, and all that can be counted. */
export const everything: readonly GenerationPart[] = [
  { type: "usage", input_tokens: 11, output_tokens: 0, cached_input_tokens: 4 },
  { type: "reasoning", text: "Let me" },
  { type: "reasoning", text: " see\n" },
  { type: "text", text: "Hé" },
  { type: "text", text: "llo 👋" },
  call("call_1", "look_up", ""),
  call("call_1", "", '{"q":'),
  call("call_2", "add", '{"a":1,'),
  call("call_1", "", '"é"}'),
  call("call_2", "", '"b":[2]}'),
  { type: "usage", input_tokens: 11, output_tokens: 7, cached_input_tokens: 4, reasoning_tokens: 3 },
];
