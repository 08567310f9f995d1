import { ChatOpenAI, OpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningModel, collect, helloText, hiddenMessage, startModel, thrownBy } from "./start.ts";

let model: RunningModel;
beforeAll(async () => void (model = await startModel("clients-model.ts")));
afterAll(() => model?.close());

describe.each(["local", "platform"] as const)("@langchain/openai at the %s path", (base) => {
  const options = (name: string) => ({
    model: name,
    apiKey: "key",
    maxRetries: 0,
    configuration: { baseURL: `${model.bases[base]}/v1` },
  });
  const families = {
    chat: (name: string) => new ChatOpenAI(options(name)),
    responses: (name: string) => new ChatOpenAI({ ...options(name), useResponsesApi: true }),
    completions: (name: string) => new OpenAI(options(name)),
  };

  describe.each(["chat", "responses"] as const)("%s", (family) => {
    it("whole", async () => {
      const answer = await families[family]("m").invoke("Hi");
      expect(answer.text).toBe(helloText);
      expect(answer.usage_metadata).toMatchObject({ input_tokens: 11, output_tokens: 7, total_tokens: 18 });
    });

    it("streamed", async () => {
      const chunks = await collect(await families[family]("m").stream("Hi"));
      expect(chunks.map((chunk) => chunk.text).join("")).toBe(helloText);
      const whole = chunks.reduce((left, right) => left.concat(right));
      expect(whole.usage_metadata).toMatchObject({ input_tokens: 11, output_tokens: 7 });
    });

    it("tools, whole and streamed", async () => {
      const calls = [
        { id: "call_1", name: "weather", args: { city: "Zürich" } },
        { id: "call_2", name: "weather", args: { city: "Bern" } },
      ];
      expect((await families[family]("tools").invoke("Hi")).tool_calls).toMatchObject(calls);
      const chunks = await collect(await families[family]("tools").stream("Hi"));
      expect(chunks.reduce((left, right) => left.concat(right)).tool_calls).toMatchObject(calls);
    });
  });

  it("completions, whole and streamed", async () => {
    expect(await families.completions("m").invoke("Hi")).toBe(helloText);
    expect((await collect(await families.completions("m").stream("Hi"))).join("")).toBe(helloText);
  });

  it("embeddings", async () => {
    const embedder = new OpenAIEmbeddings(options("m"));
    // It asks for base64, and so reads single precision.
    const rest = [Math.fround(Math.PI), Math.fround(-0.1)];
    expect(await embedder.embedDocuments(["a", "four"])).toEqual([
      [1, ...rest],
      [4, ...rest],
    ]);
    expect(await embedder.embedQuery("four")).toEqual([4, ...rest]);
  });

  describe.each(Object.keys(families) as (keyof typeof families)[])("errors of %s", (family) => {
    it.each([400, 404, 422])("before the first byte: %i", async (status) => {
      const calls = [
        () => families[family](`status-${status}`).invoke("Hi"),
        async () => collect<unknown>(await families[family](`status-${status}`).stream("Hi")),
      ];
      for (const call of calls) {
        const error = await thrownBy(call);
        expect(error).toMatchObject({ status, code: "because" });
        expect(error.message).toContain(`Refused with ${status}`);
      }
    });

    it.each([
      ["broken", hiddenMessage],
      ["overrun", "No tokens left"],
    ])("in the stream: %s", async (name, message) => {
      const error = await thrownBy(async () => collect<unknown>(await families[family](name).stream("Hi")));
      expect(error.message).toContain(message);
    });

    it.each(["endless", "silent"])("none for a client that leaves: %s", async (kind) => {
      const name = `${kind}-langchain-${base}-${family}`;
      const controller = new AbortController();
      const reading = thrownBy(async () => {
        await collect<unknown>(await families[family](name).stream("Hi", { signal: controller.signal }));
        controller.signal.throwIfAborted();
      });
      await model.waitFor("start", name);
      controller.abort();
      await model.waitFor("abort", name);
      await reading;
    });
  });
});
