/**
 * What `dev` checks answers for, held against the official SDKs: checked by `tsc`, never run. Whatever an SDK's type
 * allows passes, and what it requires is required, but for the exceptions named here.
 */
import type {
  ContentBlock,
  Message,
  RawContentBlockDelta,
  RawMessageStreamEvent,
} from "@anthropic-ai/sdk/resources/messages/messages";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions/completions";
import type { Completion } from "openai/resources/completions";
import type { CreateEmbeddingResponse } from "openai/resources/embeddings";
import type {
  Response as OpenAIResponse,
  ResponseOutputItem,
  ResponseStreamEvent,
} from "openai/resources/responses/responses";
import type { chatCompletion, chatCompletionChunk } from "../../src/wire/check/chat.ts";
import type { completion } from "../../src/wire/check/completions.ts";
import type { embeddings } from "../../src/wire/check/embeddings.ts";
import type { message, messageEvent } from "../../src/wire/check/messages.ts";
import type { response, responseEvent } from "../../src/wire/check/responses.ts";
import type { Passing } from "../../src/wire/check/rule.ts";

type RequiredKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T];
/** Members that the SDK requires and the check does not. */
type Lenient<Sdk, Checked> = Exclude<RequiredKeys<Sdk>, RequiredKeys<Checked>>;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Passes<Sdk, Checked> = Sdk extends Checked ? true : Sdk;
/** For unions of events: the kinds that the check would complain of. */
type Refused<Sdk extends { type: string }, Checked> = Sdk extends { type: infer T }
  ? Sdk extends Extract<Checked, { readonly type: T }>
    ? never
    : Extract<Checked, { readonly type: T }> extends never
      ? never
      : T
  : never;

type Chat = Passing<typeof chatCompletion>;
type Chunk = Passing<typeof chatCompletionChunk>;
type Text = Passing<typeof completion>;
type Vectors = Passing<typeof embeddings>;
type Msg = Passing<typeof message>;
type MsgEvent = Passing<typeof messageEvent>;
type Whole = Passing<typeof response>;
type Event = Passing<typeof responseEvent>;
/** Kinds of blocks and items that the check does not know pass it, but its types cannot say so. */
type WholeEvent = Extract<ResponseStreamEvent, { response: unknown } | { item: unknown }>["type"];
type Delta = Extract<MsgEvent, { readonly type: "content_block_delta" }>["delta"];
type MsgWithBlocks = "message_start" | "content_block_start" | "content_block_delta";

export const chatPasses: Passes<ChatCompletion, Chat> = true;
export const chatIsWhole: Same<Lenient<ChatCompletion, Chat>, never> = true;
export const choiceIsWhole: Same<Lenient<ChatCompletion.Choice, Chat["choices"][number]>, never> = true;
export const answerIsWhole: Same<
  Lenient<ChatCompletion.Choice["message"], Chat["choices"][number]["message"]>,
  never
> = true;
export const chunkPasses: Passes<ChatCompletionChunk, Chunk> = true;
export const chunkIsWhole: Same<Lenient<ChatCompletionChunk, Chunk>, never> = true;
export const pieceIsWhole: Same<Lenient<ChatCompletionChunk.Choice, Chunk["choices"][number]>, never> = true;

export const textPasses: Passes<Completion, Text> = true;
export const textIsWhole: Same<Lenient<Completion, Text>, never> = true;
export const vectorsPass: Passes<CreateEmbeddingResponse, Vectors> = true;
export const vectorsAreWhole: Same<Lenient<CreateEmbeddingResponse, Vectors>, never> = true;

export const messagePasses: Passes<Omit<Message, "content">, Omit<Msg, "content">> = true;
// Newer members that may be null, and that no client is known to miss.
export const messageIsWhole: Same<Lenient<Message, Msg>, "container" | "stop_details" | "diagnostics"> = true;
export const blocksPass: Same<Refused<ContentBlock, Msg["content"][number]>, never> = true;
export const messageEventsPass: Same<Exclude<Refused<RawMessageStreamEvent, MsgEvent>, MsgWithBlocks>, never> = true;
export const deltasPass: Same<Refused<RawContentBlockDelta, Delta>, never> = true;
export const messageEventsAreKnown: Same<Exclude<RawMessageStreamEvent["type"], MsgEvent["type"]>, never> = true;

export const responsePasses: Passes<Omit<OpenAIResponse, "output">, Omit<Whole, "output">> = true;
// The SDK adds this itself.
export const responseIsWhole: Same<Lenient<OpenAIResponse, Whole>, "output_text"> = true;
export const itemsPass: Same<Refused<ResponseOutputItem, Whole["output"][number]>, never> = true;
export const eventsPass: Same<Exclude<Refused<ResponseStreamEvent, Event>, WholeEvent>, never> = true;
export const eventsExist: Same<Exclude<Event["type"], ResponseStreamEvent["type"]>, never> = true;
