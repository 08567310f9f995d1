/** A class that says `implements ModelMethods` cannot answer what its clients do not know: checked by `tsc`, never run. */
import type {
  ChatCompletionEvent,
  ChatCompletionRequest,
  CompletionEvent,
  CompletionRequest,
  EmbeddingRequest,
  MessageRequest,
  ModelMethods,
  ResponseRequest,
} from "../../src/index.ts";
import { toChatCompletion, toCompletion, toEmbeddings, toMessage, toResponse } from "../../src/index.ts";
import type OpenAI from "openai";
import type Anthropic from "@anthropic-ai/sdk";

/** The helpers fit. */
export class Helped implements ModelMethods {
  chat_completions = (input: ChatCompletionRequest) => toChatCompletion(input, ["a"]);
  completions = async (input: CompletionRequest) => toCompletion(input, ["a"]);
  responses = (input: ResponseRequest) => toResponse(input, ["a"]);
  messages = (input: MessageRequest) => toMessage(input, ["a"]);
  embeddings = (input: EmbeddingRequest) => toEmbeddings(input, [[1]]);
}

/** So do the SDKs' own answers, a `Response`, and text that is written by hand. */
export class Passing implements ModelMethods {
  constructor(
    private readonly openai: OpenAI,
    private readonly anthropic: Anthropic,
  ) {}

  chat_completions(input: ChatCompletionRequest) {
    return this.openai.chat.completions.create(input);
  }

  messages(input: MessageRequest) {
    return this.anthropic.messages.create(input);
  }

  responses() {
    return fetch("http://127.0.0.1/");
  }

  async *completions() {
    yield "data: {}\n\n";
    yield new Uint8Array([10]);
  }
}

const head = { id: "c", object: "chat.completion.chunk" as const, created: 1, model: "m" };

/** What is written by hand, piece by piece. */
export class Written implements ModelMethods {
  async *chat_completions(): AsyncGenerator<ChatCompletionEvent> {
    yield { ...head, choices: [{ index: 0, delta: { reasoning_content: "hm" }, finish_reason: null }] };
    yield { ...head, choices: [{ index: 0, delta: { content: "a" }, finish_reason: "stop" }] };
    // @ts-expect-error content is text
    yield { ...head, choices: [{ index: 0, delta: { content: 1 }, finish_reason: null }] };
    // @ts-expect-error a delta has no text
    yield { ...head, choices: [{ index: 0, delta: { text: "a" }, finish_reason: null }] };
    // @ts-expect-error there is no such reason
    yield { ...head, choices: [{ index: 0, delta: {}, finish_reason: "done" }] };
  }

  *completions(): Generator<CompletionEvent> {
    yield {
      ...head,
      object: "text_completion",
      choices: [{ index: 0, text: "a", logprobs: null, finish_reason: null }],
    };
    // @ts-expect-error a chunk of a chat is none of a completion
    yield { ...head, choices: [{ index: 0, delta: { content: "a" }, finish_reason: null }] };
  }
}

export class WrongDelta implements ModelMethods {
  // @ts-expect-error the delta of a chat completion has content, not text
  async *chat_completions() {
    yield { ...head, choices: [{ index: 0, delta: { content: 1 }, finish_reason: null }] };
  }
}

export class WrongEvent implements ModelMethods {
  // @ts-expect-error no event of messages has this type
  async *messages() {
    yield { type: "content_block_text" as const, index: 0, text: "a" };
  }
}

export class WrongBlock implements ModelMethods {
  // @ts-expect-error a text_delta has text
  async *messages() {
    yield {
      type: "content_block_delta" as const,
      index: 0,
      delta: { type: "text_delta" as const, content: "a" },
    };
  }
}

export class WrongWhole implements ModelMethods {
  // @ts-expect-error a message is no chat completion
  chat_completions(input: MessageRequest) {
    return toMessage({ ...input, stream: false }, ["a"]);
  }
}

export class WrongResponse implements ModelMethods {
  // @ts-expect-error a delta of the output's text has an item_id, and more
  async *responses() {
    yield { type: "response.output_text.delta" as const, delta: "a", sequence_number: 0 };
  }
}

export class WrongVectors implements ModelMethods {
  // @ts-expect-error vectors are numbers
  embeddings() {
    return { object: "list" as const, model: "m", usage: { prompt_tokens: 1, total_tokens: 1 }, data: [["1"]] };
  }
}
