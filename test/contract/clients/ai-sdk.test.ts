import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, type ToolSet, embedMany, generateText, jsonSchema, streamText } from "ai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningModel, helloText, hiddenMessage, startModel, thrownBy } from "./start.ts";

let model: RunningModel;
beforeAll(async () => void (model = await startModel("clients-model.ts")));
afterAll(() => model?.close());

const tools: ToolSet = { weather: { inputSchema: jsonSchema({ type: "object" }) } };

describe.each(["local", "platform"] as const)("ai at the %s path", (base) => {
  const baseURL = () => `${model.bases[base]}/v1`;
  const compatible = () =>
    createOpenAICompatible({ name: "truss", baseURL: baseURL(), apiKey: "key", includeUsage: true });
  const families = {
    chat: (name: string) => compatible().chatModel(name),
    completions: (name: string) => compatible().completionModel(name),
    messages: (name: string) => createAnthropic({ baseURL: baseURL(), apiKey: "key" })(name),
  };
  const ask = (family: keyof typeof families, name: string) => ({
    model: families[family](name),
    prompt: "Hi",
    maxOutputTokens: 64,
    maxRetries: 0,
  });

  describe.each(Object.keys(families) as (keyof typeof families)[])("%s", (family) => {
    it("whole", async () => {
      const answer = await generateText(ask(family, "m"));
      expect(answer.text).toBe(helloText);
      expect(answer.finishReason).toBe("stop");
      expect(answer.usage).toMatchObject({ inputTokens: 11, outputTokens: 7 });
    });

    it("streamed", async () => {
      const answer = streamText({ ...ask(family, "m"), onError: () => undefined });
      expect(await answer.text).toBe(helloText);
      expect(await answer.finishReason).toBe("stop");
      expect(await answer.usage).toMatchObject({ inputTokens: 11, outputTokens: 7 });
    });

    it("cut short by the limit", async () => {
      expect((await generateText(ask(family, "short"))).finishReason).toBe("length");
      expect(await streamText(ask(family, "short")).finishReason).toBe("length");
    });

    it.each([400, 404, 429, 503])("errors before the first byte: %i", async (status) => {
      const whole = await thrownBy(() => generateText(ask(family, `status-${status}`)));
      const streamed = await errorIn(streamText({ ...ask(family, `status-${status}`), onError: () => undefined }));
      for (const error of [whole, streamed]) {
        expect(APICallError.isInstance(error)).toBe(true);
        expect(error).toMatchObject({ statusCode: status, message: `Refused with ${status}` });
      }
    });

    it("errors of the inside: 500 that shows nothing", async () => {
      const error = await thrownBy(() => generateText(ask(family, "crash")));
      expect(error).toMatchObject({ statusCode: 500, message: hiddenMessage });
    });

    it.each([
      ["broken", hiddenMessage],
      ["overrun", "No tokens left"],
    ])("errors in the stream: %s", async (name, message) => {
      const error = await errorIn(streamText({ ...ask(family, name), onError: () => undefined }));
      expect(textOf(error)).toContain(message);
    });

    it.each(["endless", "silent"])("no work for a client that leaves: %s", async (kind) => {
      const name = `${kind}-ai-${base}-${family}`;
      const controller = new AbortController();
      const answer = streamText({ ...ask(family, name), abortSignal: controller.signal, onError: () => undefined });
      const reading = (async () => {
        for await (const part of answer.fullStream) if (part.type === "abort") return;
      })();
      await model.waitFor("start", name);
      controller.abort();
      await model.waitFor("abort", name);
      await reading;
    });
  });

  describe.each(["chat", "messages"] as const)("%s", (family) => {
    it("tools", async () => {
      const whole = await generateText({ ...ask(family, "tools"), tools });
      const streamed = streamText({ ...ask(family, "tools"), tools });
      for (const calls of [whole.toolCalls, await streamed.toolCalls]) {
        expect(calls).toMatchObject([
          { toolCallId: "call_1", toolName: "weather", input: { city: "Zürich" } },
          { toolCallId: "call_2", toolName: "weather", input: { city: "Bern" } },
        ]);
      }
      expect(whole.finishReason).toBe("tool-calls");
      expect(await streamed.finishReason).toBe("tool-calls");
    });

    it("reasoning", async () => {
      const whole = await generateText(ask(family, "thinking"));
      expect([whole.reasoningText, whole.text]).toEqual(["Let me think.", helloText]);
      const streamed = streamText(ask(family, "thinking"));
      expect([await streamed.reasoningText, await streamed.text]).toEqual(["Let me think.", helloText]);
    });
  });

  it("embeddings", async () => {
    const embedder = compatible().embeddingModel("m");
    const answer = await embedMany({ model: embedder, values: ["a", "four"], maxRetries: 0 });
    expect(answer.embeddings).toEqual([
      [1, Math.PI, -0.1],
      [4, Math.PI, -0.1],
    ]);
  });
});

/** The error that a stream carries: the AI SDK yields it instead of throwing. */
async function errorIn(answer: { fullStream: AsyncIterable<{ type: string; error?: unknown }> }): Promise<unknown> {
  for await (const part of answer.fullStream) if (part.type === "error") return part.error;
  throw new Error("the stream carried no error");
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.message} ${JSON.stringify(error)}` : JSON.stringify(error);
}
