import type { AIMessage, AIMessageChunk, UsageMetadata } from "@langchain/core/messages";
import type * as LangChain from "@langchain/openai";
import { type Answer, type Ask, type Client, type Family, dataUrl, load, prompt, weather } from "../client.ts";

const noPlace = "the format has no place for it";
const notShown = "LangChain does not pass it on";

/** What the chat classes of LangChain have in common. */
interface Chat {
  bindTools(tools: readonly object[]): Pick<Chat, "invoke" | "stream">;
  invoke(messages: readonly object[], options?: object): Promise<AIMessage>;
  stream(messages: readonly object[], options?: object): Promise<AsyncIterable<AIMessageChunk>>;
}

export function langchainOpenaiClients(alias: string): Client[] {
  const name = `@langchain/openai ${alias.split("-").at(-1)}`;
  const settings = (ask: Ask) => ({
    model: ask.model,
    apiKey: "key",
    maxRetries: 0,
    configuration: { baseURL: `${ask.base}/v1` },
  });
  const openai = () => load<typeof LangChain>(alias);
  return [
    chatClient(name, "chat", async (ask) => new (await openai()).ChatOpenAI(settings(ask)) as unknown as Chat, {
      reasoning: notShown,
      refusal: notShown,
      "stop sequence": noPlace,
    }),
    chatClient(
      name,
      "responses",
      async (ask) => new (await openai()).ChatOpenAI({ ...settings(ask), useResponsesApi: true }) as unknown as Chat,
      { refusal: notShown, "stop sequence": noPlace, reasoning: "LangChain reads only summaries of it" },
    ),
    {
      name: `${name}, completions`,
      family: "completions",
      lacks: {
        tools: noPlace,
        reasoning: noPlace,
        images: noPlace,
        refusal: noPlace,
        "stop sequence": noPlace,
        "usage details": notShown,
        "finish streamed": "LangChain yields bare strings",
        "usage streamed": "LangChain yields bare strings",
      },
      whole: async (ask) => {
        const llm = new (await openai()).OpenAI(settings(ask));
        const { generations, llmOutput } = await llm.generate([prompt], options(ask));
        const info = generations[0]?.[0];
        const usage = llmOutput?.["tokenUsage"] as Record<string, number> | undefined;
        return {
          text: info?.text ?? "",
          finish: String(info?.generationInfo?.["finishReason"]),
          usage: { input: usage?.["promptTokens"], output: usage?.["completionTokens"] },
        };
      },
      streamed: async (ask) => {
        const llm = new (await openai()).OpenAI(settings(ask));
        let text = "";
        for await (const piece of await llm.stream(prompt, options(ask))) {
          text += piece;
          if (piece !== "") ask.onText?.(piece);
        }
        return { text };
      },
    },
  ];
}

export function langchainAnthropicClients(alias: string): Client[] {
  const name = `@langchain/anthropic ${alias.split("-").at(-1)}`;
  const open = async (ask: Ask) => {
    const { ChatAnthropic } = await load<{ ChatAnthropic: new (settings: object) => Chat }>(alias);
    return new ChatAnthropic({
      model: ask.model,
      apiKey: "key",
      maxRetries: 0,
      maxTokens: 64,
      anthropicApiUrl: ask.base,
    });
  };
  return [
    chatClient(name, "messages", open, {
      refusal: "the format tells only that it was refused",
      "usage at the end streamed": "LangChain takes the tokens read from the first event, which then has an estimate",
    }),
  ];
}

function chatClient(name: string, family: Family, open: (ask: Ask) => Promise<Chat>, lacks: Client["lacks"]): Client {
  const ready = async (ask: Ask) => {
    const chat = await open(ask);
    return ask.tools === true ? chat.bindTools([{ type: "function", function: weather }]) : chat;
  };
  return {
    name: `${name}, ${family}`,
    family,
    lacks,
    whole: async (ask) => readMessage(await (await ready(ask)).invoke(messages(ask), options(ask))),
    streamed: async (ask) => {
      let whole: AIMessageChunk | undefined;
      for await (const chunk of await (await ready(ask)).stream(messages(ask), options(ask))) {
        if (chunk.text !== "") ask.onText?.(chunk.text);
        whole = whole === undefined ? chunk : whole.concat(chunk);
      }
      ask.signal?.throwIfAborted();
      if (whole === undefined) throw new Error("the stream was empty");
      return readMessage(whole);
    },
  };
}

function messages(ask: Ask) {
  const picture = ask.image && [{ type: "image_url", image_url: { url: dataUrl(ask.image) } }];
  return [{ role: "user", content: picture ? [{ type: "text", text: prompt }, ...picture] : prompt }];
}

function options({ signal }: Ask) {
  return signal === undefined ? {} : { signal };
}

function readMessage(message: AIMessage | AIMessageChunk): Answer {
  const usage = message.usage_metadata as UsageMetadata | undefined;
  return {
    text: message.text,
    reasoning: reasoningOf(message),
    toolCalls: (message.tool_calls ?? []).map((call) => ({
      id: String(call.id),
      name: call.name,
      arguments: call.args,
    })),
    finish: finishOf(message),
    usage: {
      input: usage?.input_tokens,
      output: usage?.output_tokens,
      cached: usage?.input_token_details?.cache_read,
      reasoning: usage?.output_token_details?.reasoning,
    },
  };
}

function reasoningOf(message: AIMessage | AIMessageChunk): string {
  return message.contentBlocks
    .flatMap((block) => (block.type === "reasoning" ? [String(block["reasoning"])] : []))
    .join("");
}

const reasons: Readonly<Record<string, string>> = {
  end_turn: "stop",
  max_tokens: "length",
  max_output_tokens: "length",
  tool_use: "tool_calls",
  refusal: "content_filter",
};

function finishOf(message: AIMessage | AIMessageChunk): string {
  const metadata = { ...message.additional_kwargs, ...message.response_metadata } as Record<string, unknown>;
  const incomplete = metadata["incomplete_details"] as { reason?: string } | null | undefined;
  const sequence = metadata["stop_sequence"];
  const status = metadata["status"] === "completed" ? "end_turn" : metadata["status"];
  const told = metadata["stop_reason"] ?? metadata["finish_reason"] ?? incomplete?.reason ?? status;
  if (told === "stop_sequence") return `stop_sequence ${String(sequence)}`;
  if (told === "end_turn" && (message.tool_calls ?? []).length > 0) return "tool_calls";
  return reasons[String(told)] ?? String(told);
}
