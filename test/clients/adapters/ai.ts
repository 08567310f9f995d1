import type * as Ai from "ai";
import { type Answer, type Ask, type Client, type Family, load, prompt, weather } from "../client.ts";

/** The packages of one major of the AI SDK that belong together. */
export interface AiMajors {
  readonly ai: string;
  readonly openai: string;
  readonly compatible: string;
  readonly openResponses: string;
  readonly anthropic: string;
  readonly openResponsesLacks: Client["lacks"];
}

const refusedCrash = "this provider takes each part of a message for text, and stumbles over a refusal";

export const aiMajors: readonly AiMajors[] = [
  {
    ai: "ai-6",
    openai: "@ai-sdk/openai-3",
    compatible: "@ai-sdk/openai-compatible-2",
    openResponses: "@ai-sdk/open-responses-1",
    anthropic: "@ai-sdk/anthropic-3",
    openResponsesLacks: {
      "refused whole": refusedCrash,
      "error message streamed": "this major ends with the finish `error`, and shows no message",
    },
  },
  {
    ai: "ai-7",
    openai: "@ai-sdk/openai-4",
    compatible: "@ai-sdk/openai-compatible-3",
    openResponses: "@ai-sdk/open-responses-2",
    anthropic: "@ai-sdk/anthropic-4",
    openResponsesLacks: { "refused whole": refusedCrash },
  },
];

type Model = Ai.LanguageModel;
type Create<Provider> = (options: object) => Provider;
type Open = (ask: Ask) => Promise<Model>;

const noPlace = "the format has no place for it";
const noRefusal = "the AI SDK has no such part";
const noStopSequence = "the AI SDK has no such finish";
const completionsLack = {
  tools: noPlace,
  reasoning: noPlace,
  images: noPlace,
  "usage details": "the AI SDK does not read them of completions",
} as const;

export function aiClients(majors: AiMajors): Client[] {
  const settings = (ask: Ask) => ({ name: "truss", baseURL: `${ask.base}/v1`, apiKey: "key" });
  const openai = async (ask: Ask) =>
    (
      await load<{ createOpenAI: Create<Record<"chat" | "responses" | "completion", (id: string) => Model>> }>(
        majors.openai,
      )
    ).createOpenAI(settings(ask));
  const compatible = async (ask: Ask) =>
    (
      await load<{ createOpenAICompatible: Create<Record<"chatModel" | "completionModel", (id: string) => Model>> }>(
        majors.compatible,
      )
    ).createOpenAICompatible({ ...settings(ask), includeUsage: true });

  const client = (provider: string, family: Family, open: Open, lacks: Client["lacks"] = {}): Client => ({
    name: `${majors.ai.replace("-", " ")} with ${provider}, ${family}`,
    family,
    lacks: { refusal: noRefusal, "stop sequence": noStopSequence, ...lacks },
    whole: async (ask) => generate(majors.ai, await open(ask), ask),
    streamed: async (ask) => stream(majors.ai, await open(ask), ask),
  });
  return [
    client("openai", "chat", async (ask) => (await openai(ask)).chat(ask.model), {
      reasoning: "this provider reads only what OpenAI's own chat has",
    }),
    client("openai", "completions", async (ask) => (await openai(ask)).completion(ask.model), completionsLack),
    client("openai", "responses", async (ask) => (await openai(ask)).responses(ask.model), {
      reasoning: "this provider reads only summaries of it",
    }),
    client("openai-compatible", "chat", async (ask) => (await compatible(ask)).chatModel(ask.model)),
    client(
      "openai-compatible",
      "completions",
      async (ask) => (await compatible(ask)).completionModel(ask.model),
      completionsLack,
    ),
    client(
      "open-responses",
      "responses",
      async (ask) => {
        const { createOpenResponses } = await load<{ createOpenResponses: Create<(id: string) => Model> }>(
          majors.openResponses,
        );
        return createOpenResponses({ ...settings(ask), url: `${ask.base}/v1/responses` })(ask.model);
      },
      majors.openResponsesLacks,
    ),
    client("anthropic", "messages", async (ask) => {
      const { createAnthropic } = await load<{ createAnthropic: Create<(id: string) => Model> }>(majors.anthropic);
      return createAnthropic({ baseURL: `${ask.base}/v1`, apiKey: "key" })(ask.model);
    }),
  ];
}

async function generate(alias: string, model: Model, ask: Ask): Promise<Answer> {
  const ai = await load<typeof Ai>(alias);
  const answer = await ai.generateText(question(ai, model, ask));
  return {
    text: answer.text,
    reasoning: answer.reasoningText ?? "",
    toolCalls: answer.toolCalls.map((call) => ({ id: call.toolCallId, name: call.toolName, arguments: call.input })),
    finish: finishOf(answer.finishReason),
    usage: usageOf(answer.usage),
  };
}

async function stream(alias: string, model: Model, ask: Ask): Promise<Answer> {
  const ai = await load<typeof Ai>(alias);
  const joined = { text: "", reasoning: "" };
  const toolCalls: { id: string; name: string; arguments: unknown }[] = [];
  let rest: Pick<Answer, "finish" | "usage"> = {};
  const answer = ai.streamText({ ...question(ai, model, ask), onError: () => undefined });
  for await (const part of answer.fullStream) {
    switch (part.type) {
      case "text-delta":
        joined.text += part.text;
        ask.onText?.(part.text);
        break;
      case "reasoning-delta":
        joined.reasoning += part.text;
        break;
      case "tool-call":
        toolCalls.push({ id: part.toolCallId, name: part.toolName, arguments: part.input });
        break;
      case "finish":
        rest = { finish: finishOf(part.finishReason), usage: usageOf(part.totalUsage) };
        break;
      case "error":
        throw part.error;
      case "abort":
        throw new Error("aborted");
      default:
        break;
    }
  }
  return { ...joined, toolCalls, ...rest };
}

function question(ai: typeof Ai, model: Model, ask: Ask) {
  const picture = ask.image && [{ type: "file" as const, data: ask.image.base64, mediaType: ask.image.mediaType }];
  const content = picture ? [{ type: "text" as const, text: prompt }, ...picture] : prompt;
  return {
    model,
    messages: [{ role: "user" as const, content }],
    maxOutputTokens: 64,
    maxRetries: 0,
    ...(ask.signal === undefined ? {} : { abortSignal: ask.signal }),
    ...(ask.tools === true ? { tools: { weather: { inputSchema: ai.jsonSchema({ ...weather.parameters }) } } } : {}),
  };
}

function finishOf(reason: string): string {
  return reason.replace("-", "_");
}

function usageOf(usage: Ai.LanguageModelUsage) {
  return {
    input: usage.inputTokens,
    output: usage.outputTokens,
    cached: usage.inputTokenDetails?.cacheReadTokens,
    reasoning: usage.outputTokenDetails?.reasoningTokens,
  };
}
