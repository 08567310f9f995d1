import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type {
  ChatCompletionRequest,
  GenerationPart,
  MessageRequest,
  RequestForm,
  ResponseRequest,
} from "../../src/index.ts";
import {
  messagesFrom,
  textOfTurn,
  toChatCompletion,
  toChatRequest,
  toMessage,
  toMessageRequest,
  toResponse,
} from "../../src/index.ts";
import { createTestModel, type TestModel } from "../../src/testing.ts";

/** An upstream of both families: thinks and calls a tool first, and answers with what the tool said. */
const forms: RequestForm[] = [];
class Upstream {
  chat_completions(input: ChatCompletionRequest) {
    return toChatCompletion(input, this.generate(messagesFrom(input, "chat_completions")));
  }

  messages(input: MessageRequest) {
    return toMessage(input, this.generate(messagesFrom(input, "messages")));
  }

  private async *generate(form: RequestForm): AsyncGenerator<GenerationPart> {
    forms.push(form);
    const last = form.messages.at(-1);
    if (last?.role === "tool") {
      yield { type: "text", text: "It says: " };
      yield { type: "text", text: textOfTurn(last) };
    } else {
      yield { type: "reasoning", text: "I should look", signature: "seal" };
      yield { type: "tool_call", id: "call_7", name: "weather", arguments: '{"city":' };
      yield { type: "tool_call", id: "call_7", name: "", arguments: '"Bern"}' };
    }
    yield { type: "usage", input_tokens: 11, output_tokens: 7 };
  }
}

/** Each method is the line that the documentation shows. */
class Proxy {
  messages(input: MessageRequest) {
    const form = messagesFrom(input, "messages");
    return toMessage(input, openai.chat.completions.create({ ...toChatRequest(form), model: "up" }));
  }

  responses(input: ResponseRequest) {
    const form = messagesFrom(input, "responses");
    return toResponse(input, anthropic.messages.create({ ...toMessageRequest(form), model: "up" }));
  }

  chat_completions(input: ChatCompletionRequest) {
    const form = messagesFrom(input, "chat_completions");
    return toChatCompletion(input, anthropic.messages.create({ ...toMessageRequest(form), model: "up" }));
  }
}

let upstream: TestModel;
let proxy: TestModel;
let openai: OpenAI;
let anthropic: Anthropic;
beforeAll(async () => {
  upstream = await createTestModel(Upstream);
  proxy = await createTestModel(Proxy);
  openai = new OpenAI({ baseURL: `${upstream.url}/v1`, apiKey: "key", fetch: upstream.fetch });
  anthropic = new Anthropic({ baseURL: upstream.url, apiKey: "key", fetch: upstream.fetch });
});
afterAll(async () => {
  await proxy.close();
  await upstream.close();
});
beforeEach(() => void forms.splice(0));

const schema = { type: "object" as const, properties: { city: { type: "string" } } };
const png = "iVBORw0KGgo=";
const image = { type: "image", source: { type: "base64", media_type: "image/png", data: png } };
const call = { type: "tool_call", id: "call_7", name: "weather", arguments: '{"city":"Bern"}' };
const result = { role: "tool", tool_call_id: "call_7", content: [{ type: "text", text: "Rain" }], is_error: false };

describe("a proxy from one family to another, with a tool", () => {
  it("Anthropic's client, an upstream of chat completions", async () => {
    const client = new Anthropic({ baseURL: proxy.url, apiKey: "key", fetch: proxy.fetch });
    const asked = {
      model: "m",
      max_tokens: 100,
      system: "Be brief",
      tools: [{ name: "weather", input_schema: schema }],
      tool_choice: { type: "tool" as const, name: "weather" },
    };
    const question: Anthropic.MessageParam = {
      role: "user",
      content: [
        { type: "text", text: "Here?" },
        { type: "image", source: { type: "base64", media_type: "image/png", data: png } },
      ],
    };
    const first = await client.messages.create({ ...asked, messages: [question] });
    expect(first).toMatchObject({ stop_reason: "tool_use", usage: { input_tokens: 11, output_tokens: 7 } });
    expect(first.content.at(-1)).toMatchObject({ type: "tool_use", id: "call_7", input: { city: "Bern" } });
    const answered: Anthropic.MessageParam = {
      role: "user",
      content: [{ type: "tool_result", tool_use_id: "call_7", content: "Rain" }],
    };
    const messages = [question, { role: "assistant" as const, content: first.content }, answered];
    const second = client.messages.stream({ ...asked, messages });
    expect(await second.finalText()).toBe("It says: Rain");
    expect(forms[1]).toMatchObject({ family: "chat_completions", model: "up", system: "Be brief", max_tokens: 100 });
    expect(forms[1]?.tool_choice).toEqual({ name: "weather" });
    expect(forms[1]?.messages).toEqual([
      { role: "user", content: [{ type: "text", text: "Here?" }, image] },
      { role: "assistant", content: [{ type: "reasoning", text: "I should look" }, call] },
      result,
    ]);
  });

  it("OpenAI's client of responses, an upstream of messages, which gets its signature back", async () => {
    const client = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: "key", fetch: proxy.fetch });
    const asked = {
      model: "m",
      instructions: "Be brief",
      tools: [{ type: "function" as const, name: "weather", parameters: schema, strict: null }],
      include: ["reasoning.encrypted_content" as const],
      store: false,
    };
    const first = await client.responses.create({ ...asked, input: "Here?" });
    expect(first.output).toMatchObject([
      { type: "reasoning", encrypted_content: "seal" },
      { type: "function_call", call_id: "call_7", arguments: '{"city":"Bern"}' },
    ]);
    const input: OpenAI.Responses.ResponseInput = [
      { role: "user", content: "Here?" },
      ...(first.output as OpenAI.Responses.ResponseInput),
      { type: "function_call_output", call_id: "call_7", output: "Rain" },
    ];
    const second = client.responses.stream({ ...asked, input });
    expect((await second.finalResponse()).output_text).toBe("It says: Rain");
    expect(forms[1]).toMatchObject({ family: "messages", system: "Be brief", max_tokens: 4096 });
    expect(forms[1]?.messages).toEqual([
      { role: "user", content: [{ type: "text", text: "Here?" }] },
      { role: "assistant", content: [{ type: "reasoning", text: "I should look", signature: "seal" }, call] },
      result,
    ]);
  });

  it("OpenAI's client of chat completions, an upstream of messages", async () => {
    const client = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: "key", fetch: proxy.fetch });
    const tools = [{ type: "function" as const, function: { name: "weather", parameters: schema } }];
    const url = `data:image/png;base64,${png}`;
    const question: OpenAI.ChatCompletionMessageParam = {
      role: "user",
      content: [{ type: "image_url", image_url: { url } }],
    };
    const asked = { model: "m", tools, tool_choice: "required" as const, parallel_tool_calls: false, stop: ["END"] };
    const first = await client.chat.completions.create({ ...asked, messages: [question] });
    const message = first.choices[0]?.message;
    expect(message?.tool_calls).toMatchObject([{ id: "call_7", function: { arguments: '{"city":"Bern"}' } }]);
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      question,
      message as OpenAI.ChatCompletionMessage,
      { role: "tool", tool_call_id: "call_7", content: "Rain" },
    ];
    const second = client.chat.completions.stream({ ...asked, messages });
    expect(await second.finalContent()).toBe("It says: Rain");
    expect(forms[0]).toMatchObject({ tool_choice: "required", parallel_tool_calls: false, stop: ["END"] });
    expect(forms[1]?.messages).toEqual([
      { role: "user", content: [image] },
      { role: "assistant", content: [call] },
      result,
    ]);
  });
});
