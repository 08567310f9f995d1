import type * as Sdk from "openai";
import type { ChatCompletion, ChatCompletionCreateParams } from "openai/resources/chat/completions";
import type { CompletionUsage } from "openai/resources/completions";
import type { Response, ResponseCreateParams } from "openai/resources/responses/responses";
import { type Answer, type Ask, type Client, dataUrl, load, parseArguments, prompt, weather } from "../client.ts";

const noPlace = "the format has no place for it";
const completionsLack = { tools: noPlace, reasoning: noPlace, images: noPlace, refusal: noPlace } as const;

/** The official package: its plain calls, and its helpers that put a stream together. */
export function openaiClients(alias: string): Client[] {
  const name = alias.replace("-", " ");
  const open = (ask: Ask) => openClient(alias, ask);
  return [
    {
      name: `${name}, chat`,
      family: "chat",
      lacks: { "stop sequence": noPlace },
      whole: async (ask) => readChat(await (await open(ask)).chat.completions.create(chatBody(ask), options(ask))),
      streamed: async (ask) => {
        const body = { ...chatBody(ask), stream: true, stream_options: { include_usage: true } } as const;
        return readChatChunks(await (await open(ask)).chat.completions.create(body, options(ask)), ask);
      },
    },
    {
      name: `${name}, chat by the helper`,
      family: "chat",
      lacks: { "stop sequence": noPlace, reasoning: "the helper keeps only the last piece of what it does not know" },
      streamed: async (ask) => {
        const body = { ...chatBody(ask), stream_options: { include_usage: true } };
        const stream = (await open(ask)).chat.completions.stream(body, options(ask));
        stream.on("content", (piece) => ask.onText?.(piece));
        return readChat(await stream.finalChatCompletion());
      },
    },
    {
      name: `${name}, completions`,
      family: "completions",
      lacks: { ...completionsLack, "stop sequence": noPlace },
      whole: async (ask) => {
        const answer = await (await open(ask)).completions.create({ model: ask.model, prompt }, options(ask));
        const choice = answer.choices[0];
        return { text: choice?.text ?? "", ...finishOf(choice?.finish_reason), ...chatUsage(answer.usage) };
      },
      streamed: readCompletionChunks,
    },
    {
      name: `${name}, responses`,
      family: "responses",
      lacks: { "stop sequence": noPlace },
      whole: async (ask) => readResponse(await (await open(ask)).responses.create(responseBody(ask), options(ask))),
      streamed: async (ask) => {
        const body = { ...responseBody(ask), stream: true } as const;
        return readResponseEvents(await (await open(ask)).responses.create(body, options(ask)), ask);
      },
    },
    {
      name: `${name}, responses by the helper`,
      family: "responses",
      lacks: { "stop sequence": noPlace },
      streamed: async (ask) => {
        const stream = (await open(ask)).responses.stream(responseBody(ask), options(ask));
        stream.on("response.output_text.delta", ({ delta }) => ask.onText?.(delta));
        return readResponse(await stream.finalResponse());
      },
    },
  ];

  async function readCompletionChunks(ask: Ask): Promise<Answer> {
    const body = { model: ask.model, prompt, stream: true, stream_options: { include_usage: true } } as const;
    let text = "";
    let finish: string | undefined;
    let usage: CompletionUsage | undefined;
    for await (const chunk of await (await open(ask)).completions.create(body, options(ask))) {
      const piece = chunk.choices[0]?.text ?? "";
      if (piece !== "") ask.onText?.(piece);
      text += piece;
      finish = chunk.choices[0]?.finish_reason ?? finish;
      usage = chunk.usage ?? usage;
    }
    return { text, ...finishOf(finish), ...chatUsage(usage) };
  }
}

async function openClient(alias: string, ask: Ask): Promise<Sdk.OpenAI> {
  const { default: Client } = await load<typeof Sdk>(alias);
  return new Client({ baseURL: `${ask.base}/v1`, apiKey: "key", maxRetries: 0 });
}

function options({ signal }: Ask) {
  return signal === undefined ? {} : { signal };
}

function chatBody(ask: Ask): Omit<ChatCompletionCreateParams, "stream"> {
  const picture = ask.image && [{ type: "image_url" as const, image_url: { url: dataUrl(ask.image) } }];
  return {
    model: ask.model,
    messages: [{ role: "user", content: picture ? [{ type: "text", text: prompt }, ...picture] : prompt }],
    ...(ask.tools === true ? { tools: [{ type: "function", function: weather }] } : {}),
  };
}

function responseBody(ask: Ask): Omit<ResponseCreateParams, "stream"> {
  const picture = ask.image && [
    { type: "input_image" as const, image_url: dataUrl(ask.image), detail: "auto" as const },
  ];
  return {
    model: ask.model,
    input: picture ? [{ role: "user", content: [{ type: "input_text", text: prompt }, ...picture] }] : prompt,
    ...(ask.tools === true ? { tools: [{ type: "function", strict: false, ...weather }] } : {}),
  };
}

function readChat(answer: ChatCompletion): Answer {
  const choice = answer.choices[0];
  const message = choice?.message as (ChatCompletion.Choice["message"] & { reasoning_content?: string }) | undefined;
  return {
    text: message?.content ?? "",
    reasoning: message?.reasoning_content ?? "",
    refusal: message?.refusal ?? "",
    toolCalls: (message?.tool_calls ?? []).flatMap((call) =>
      call.type === "function"
        ? [{ id: call.id, name: call.function.name, arguments: parseArguments(call.function.arguments) }]
        : [],
    ),
    ...finishOf(choice?.finish_reason),
    ...chatUsage(answer.usage),
  };
}

type ChatChunks = Awaited<ReturnType<Sdk.OpenAI["chat"]["completions"]["create"]>> & AsyncIterable<unknown>;

async function readChatChunks(chunks: Exclude<ChatChunks, ChatCompletion>, ask: Ask): Promise<Answer> {
  const calls: { id: string; name: string; arguments: string }[] = [];
  const joined = { text: "", reasoning: "", refusal: "" };
  let finish: string | undefined;
  let usage: CompletionUsage | undefined;
  for await (const chunk of chunks) {
    usage = chunk.usage ?? usage;
    const choice = chunk.choices[0];
    if (choice === undefined) continue;
    const delta = choice.delta as typeof choice.delta & { reasoning_content?: string };
    joined.text += delta.content ?? "";
    joined.reasoning += delta.reasoning_content ?? "";
    joined.refusal += delta.refusal ?? "";
    if (delta.content) ask.onText?.(delta.content);
    for (const piece of delta.tool_calls ?? []) {
      const call = (calls[piece.index] ??= { id: "", name: "", arguments: "" });
      call.id += piece.id ?? "";
      call.name += piece.function?.name ?? "";
      call.arguments += piece.function?.arguments ?? "";
    }
    finish = choice.finish_reason ?? finish;
  }
  const toolCalls = calls.map((call) => ({ ...call, arguments: parseArguments(call.arguments) }));
  return { ...joined, toolCalls, ...finishOf(finish), ...chatUsage(usage) };
}

function readResponse(answer: Response): Answer {
  const contents = answer.output.flatMap((item) => (item.type === "message" ? item.content : []));
  return {
    text: contents.flatMap((part) => (part.type === "output_text" ? [part.text] : [])).join(""),
    refusal: contents.flatMap((part) => (part.type === "refusal" ? [part.refusal] : [])).join(""),
    reasoning: answer.output
      .flatMap((item) => (item.type === "reasoning" ? (item.content ?? []).map(({ text }) => text) : []))
      .join(""),
    toolCalls: answer.output.flatMap((item) =>
      item.type === "function_call"
        ? [{ id: item.call_id, name: item.name, arguments: parseArguments(item.arguments) }]
        : [],
    ),
    finish: responseFinish(answer),
    usage: {
      input: answer.usage?.input_tokens,
      output: answer.usage?.output_tokens,
      cached: answer.usage?.input_tokens_details.cached_tokens,
      reasoning: answer.usage?.output_tokens_details.reasoning_tokens,
    },
  };
}

async function readResponseEvents(
  events: Exclude<Awaited<ReturnType<Sdk.OpenAI["responses"]["create"]>>, Response>,
  ask: Ask,
): Promise<Answer> {
  const joined = { text: "", reasoning: "", refusal: "" };
  let last: Answer | undefined;
  let number = 0;
  for await (const event of events) {
    if (event.sequence_number !== number) throw new Error(`event ${number} has number ${event.sequence_number}`);
    number += 1;
    if (event.type === "response.output_text.delta") {
      joined.text += event.delta;
      ask.onText?.(event.delta);
    }
    if (event.type === "response.reasoning_text.delta") joined.reasoning += event.delta;
    if (event.type === "response.refusal.delta") joined.refusal += event.delta;
    if (event.type === "response.completed" || event.type === "response.incomplete")
      last = readResponse(event.response);
  }
  return { ...last, ...joined };
}

function responseFinish(answer: Response): string {
  if (answer.status === "incomplete") {
    const reason = answer.incomplete_details?.reason;
    return reason === "max_output_tokens" ? "length" : String(reason);
  }
  if (answer.status !== "completed") return String(answer.status);
  return answer.output.some((item) => item.type === "function_call") ? "tool_calls" : "stop";
}

function finishOf(reason: string | null | undefined) {
  return reason === null || reason === undefined ? {} : { finish: reason };
}

function chatUsage(usage: CompletionUsage | null | undefined): Pick<Answer, "usage"> {
  if (usage === null || usage === undefined) return {};
  return {
    usage: {
      input: usage.prompt_tokens,
      output: usage.completion_tokens,
      cached: usage.prompt_tokens_details?.cached_tokens,
      reasoning: usage.completion_tokens_details?.reasoning_tokens,
    },
  };
}
