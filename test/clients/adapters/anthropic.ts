import type * as Sdk from "@anthropic-ai/sdk";
import type { Message, MessageCreateParamsNonStreaming } from "@anthropic-ai/sdk/resources/messages";
import { type Answer, type Ask, type Client, load, parseArguments, prompt, weather } from "../client.ts";

const lacks = { refusal: "the format tells only that it was refused" } as const;

/** The official package: its plain calls, and its helper that puts a stream together. */
export function anthropicClients(alias: string): Client[] {
  const name = alias.replace("-ai/sdk-", "-ai/sdk ");
  return [
    {
      name: `${name}, messages`,
      family: "messages",
      lacks,
      whole: async (ask) => readMessage(await (await open(alias, ask)).messages.create(messageBody(ask), options(ask))),
      streamed: (ask) => readEvents(alias, ask),
    },
    {
      name: `${name}, messages by the helper`,
      family: "messages",
      lacks,
      streamed: async (ask) => {
        const stream = (await open(alias, ask)).messages.stream(messageBody(ask), options(ask));
        stream.on("text", (piece) => ask.onText?.(piece));
        return readMessage(await stream.finalMessage());
      },
    },
    {
      name: `${name}, beta messages`,
      family: "messages",
      lacks,
      whole: async (ask) => {
        const message = await (await open(alias, ask)).beta.messages.create(messageBody(ask), options(ask));
        return readMessage(message as unknown as Message);
      },
    },
  ];
}

async function open(alias: string, ask: Ask) {
  const { default: Client } = await load<typeof Sdk>(alias);
  return new Client({ baseURL: ask.base, apiKey: "key", maxRetries: 0 });
}

function options({ signal }: Ask) {
  return signal === undefined ? {} : { signal };
}

function messageBody(ask: Ask): MessageCreateParamsNonStreaming {
  const { mediaType, base64 } = ask.image ?? {};
  const picture = {
    type: "image" as const,
    source: { type: "base64" as const, media_type: mediaType as "image/png", data: String(base64) },
  };
  return {
    model: ask.model,
    max_tokens: 64,
    messages: [{ role: "user", content: ask.image ? [{ type: "text", text: prompt }, picture] : prompt }],
    ...(ask.tools === true
      ? { tools: [{ name: weather.name, input_schema: { ...weather.parameters, required: ["city"] } }] }
      : {}),
  };
}

function readMessage(message: Message): Answer {
  return {
    text: message.content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join(""),
    reasoning: message.content.flatMap((block) => (block.type === "thinking" ? [block.thinking] : [])).join(""),
    toolCalls: message.content.flatMap((block) =>
      block.type === "tool_use" ? [{ id: block.id, name: block.name, arguments: block.input }] : [],
    ),
    finish: finishOf(message.stop_reason, message.stop_sequence),
    usage: usageOf(message.usage),
  };
}

async function readEvents(alias: string, ask: Ask): Promise<Answer> {
  const stream = await (await open(alias, ask)).messages.create({ ...messageBody(ask), stream: true }, options(ask));
  const joined = { text: "", reasoning: "" };
  const calls = new Map<number, { id: string; name: string; json: string }>();
  let usage: UsageCounts = {};
  let finish: string | undefined;
  let openBlock: number | undefined;
  for await (const event of stream) {
    switch (event.type) {
      case "message_start":
        usage = { ...event.message.usage };
        break;
      case "content_block_start":
        if (openBlock !== undefined) throw new Error(`block ${event.index} starts within block ${openBlock}`);
        openBlock = event.index;
        if (event.content_block.type === "tool_use") {
          calls.set(event.index, { id: event.content_block.id, name: event.content_block.name, json: "" });
        }
        break;
      case "content_block_delta": {
        if (openBlock !== event.index) throw new Error(`a delta of block ${event.index}, which is not open`);
        const call = calls.get(event.index);
        if (event.delta.type === "text_delta") {
          joined.text += event.delta.text;
          ask.onText?.(event.delta.text);
        }
        if (event.delta.type === "thinking_delta") joined.reasoning += event.delta.thinking;
        if (event.delta.type === "input_json_delta" && call !== undefined) call.json += event.delta.partial_json;
        break;
      }
      case "content_block_stop":
        openBlock = undefined;
        break;
      case "message_delta":
        finish = finishOf(event.delta.stop_reason, event.delta.stop_sequence);
        for (const [key, count] of Object.entries(event.usage)) {
          if (typeof count === "number") usage = { ...usage, [key]: count };
        }
        break;
      case "message_stop":
        break;
    }
  }
  const toolCalls = [...calls.values()].map(({ id, name, json }) => ({ id, name, arguments: parseArguments(json) }));
  return { ...joined, toolCalls, usage: usageOf(usage), ...(finish === undefined ? {} : { finish }) };
}

interface UsageCounts {
  input_tokens?: number | null;
  output_tokens?: number | null;
  cache_read_input_tokens?: number | null;
  cache_creation_input_tokens?: number | null;
}

/** Anthropic counts what came from its cache apart. */
function usageOf(usage: UsageCounts) {
  const cached = usage.cache_read_input_tokens ?? 0;
  return {
    input: (usage.input_tokens ?? 0) + cached + (usage.cache_creation_input_tokens ?? 0),
    output: usage.output_tokens ?? undefined,
    cached,
  };
}

const reasons: Readonly<Record<string, string>> = {
  end_turn: "stop",
  max_tokens: "length",
  tool_use: "tool_calls",
  refusal: "content_filter",
};

function finishOf(reason: string | null, sequence: string | null): string {
  if (reason === "stop_sequence") return `stop_sequence ${String(sequence)}`;
  return reasons[String(reason)] ?? String(reason);
}
