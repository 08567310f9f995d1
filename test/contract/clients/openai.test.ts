import OpenAI, {
  APIError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningModel, collect, helloText, hiddenMessage, startModel, thrownBy } from "./start.ts";

let model: RunningModel;
beforeAll(async () => void (model = await startModel("clients-model.ts")));
afterAll(() => model?.close());

const messages = [{ role: "user", content: "Hi" }] as const;
const chatOf = (name: string) => ({ model: name, messages: [...messages] });

describe.each(["local", "platform"] as const)("openai at the %s path", (base) => {
  const client = (options = {}) =>
    new OpenAI({ baseURL: `${model.bases[base]}/v1`, apiKey: "key", maxRetries: 0, ...options });

  describe("chat completions", () => {
    it("whole", async () => {
      const answer = await client().chat.completions.create(chatOf("m"));
      expect(answer.choices[0]).toMatchObject({ message: { content: helloText }, finish_reason: "stop" });
      expect(answer.usage).toEqual({ prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 });
      expect(answer._request_id).toBeTruthy();
    });

    it("streamed", async () => {
      const chunks = await collect(await client().chat.completions.create({ ...chatOf("m"), stream: true }));
      expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(helloText);
      expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
      expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("stop");
    });

    it("streamed, with the totals", async () => {
      const asked = { ...chatOf("m"), stream: true, stream_options: { include_usage: true } } as const;
      const chunks = await collect(await client().chat.completions.create(asked));
      expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 18 } });
    });

    it("streamed, put together by the helper, with tool calls", async () => {
      const answer = await client().chat.completions.stream(chatOf("tools")).finalChatCompletion();
      expect(answer.choices[0]).toMatchObject({
        finish_reason: "tool_calls",
        message: {
          content: helloText,
          tool_calls: [
            { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Zürich"}' } },
            { id: "call_2", type: "function", function: { name: "weather", arguments: '{"city":"Bern"}' } },
          ],
        },
      });
    });

    it("cut short by the limit", async () => {
      const answer = await client().chat.completions.create(chatOf("short"));
      expect(answer.choices[0]?.finish_reason).toBe("length");
    });
  });

  describe("completions", () => {
    it("whole", async () => {
      const answer = await client().completions.create({ model: "m", prompt: "Hi" });
      expect(answer).toMatchObject({
        choices: [{ text: helloText, finish_reason: "stop" }],
        usage: { total_tokens: 18 },
      });
    });

    it("streamed", async () => {
      const chunks = await collect(await client().completions.create({ model: "m", prompt: "Hi", stream: true }));
      expect(chunks.map((chunk) => chunk.choices[0]?.text ?? "").join("")).toBe(helloText);
      expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("stop");
    });
  });

  it("embeddings, in the client's own encoding and in numbers", async () => {
    const input = ["a", "four"];
    const coded = await client().embeddings.create({ model: "m", input });
    const floats = await client().embeddings.create({ model: "m", input, encoding_format: "float" });
    expect(floats.data.map(({ embedding }) => embedding)).toEqual([
      [1, Math.PI, -0.1],
      [4, Math.PI, -0.1],
    ]);
    for (const [index, { embedding }] of coded.data.entries()) {
      expect(Array.from(embedding)).toEqual(floats.data[index]?.embedding.map((value) => Math.fround(value)));
    }
  });

  describe("responses", () => {
    it("whole", async () => {
      const answer = await client().responses.create({ model: "tools", input: "Hi" });
      expect(answer.output_text).toBe(helloText);
      expect(answer.status).toBe("completed");
      expect(answer.output.map((item) => item.type)).toEqual(["message", "function_call", "function_call"]);
      expect(answer.usage).toMatchObject({ input_tokens: 11, output_tokens: 7, total_tokens: 18 });
    });

    it("streamed", async () => {
      const events = await collect(await client().responses.create({ model: "m", input: "Hi", stream: true }));
      expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
      const deltas = events.flatMap((event) => (event.type === "response.output_text.delta" ? [event.delta] : []));
      expect(deltas.join("")).toBe(helloText);
      expect(events.at(-1)?.type).toBe("response.completed");
    });

    it("streamed, put together by the helper", async () => {
      for (const name of ["m", "tools", "thinking"]) {
        const answer = await client().responses.stream({ model: name, input: "Hi" }).finalResponse();
        expect(answer.output_text).toBe(helloText);
        expect(answer.status).toBe("completed");
      }
    });

    it("cut short by the limit", async () => {
      const answer = await client().responses.create({ model: "short", input: "Hi" });
      expect(answer).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
    });
  });

  const calls = {
    chat: (name: string, stream: boolean) => client().chat.completions.create({ ...chatOf(name), stream }),
    completions: (name: string, stream: boolean) => client().completions.create({ model: name, prompt: "Hi", stream }),
    responses: (name: string, stream: boolean) => client().responses.create({ model: name, input: "Hi", stream }),
  };
  const endpoints = Object.keys(calls) as (keyof typeof calls)[];

  describe.each(endpoints)("errors of %s", (endpoint) => {
    it.each([
      [400, BadRequestError, "invalid_request_error"],
      [401, AuthenticationError, "authentication_error"],
      [403, PermissionDeniedError, "permission_error"],
      [404, NotFoundError, "not_found_error"],
      [409, ConflictError, "invalid_request_error"],
      [422, UnprocessableEntityError, "invalid_request_error"],
      [429, RateLimitError, "rate_limit_error"],
      [503, InternalServerError, "server_error"],
    ])("before the first byte: %i", async (status, kind, type) => {
      for (const stream of [true, false]) {
        const error = await thrownBy(() => calls[endpoint](`status-${status}`, stream));
        expect(error).toBeInstanceOf(kind);
        expect(error).toMatchObject({ status, type, code: "because", requestID: expect.any(String) as unknown });
        expect(error.message).toBe(`${status} Refused with ${status}`);
      }
    });

    it("before the first byte, of the inside: 500 that shows nothing", async () => {
      for (const stream of [true, false]) {
        const error = await thrownBy(() => calls[endpoint]("crash", stream));
        expect(error).toBeInstanceOf(InternalServerError);
        expect(error).toMatchObject({ status: 500, type: "server_error", message: `500 ${hiddenMessage}` });
      }
    });

    it("in the stream", async () => {
      const read = async (name: string) => {
        const stream = await calls[endpoint](name, true);
        await collect(stream as AsyncIterable<unknown>);
      };
      const broken = await thrownBy(() => read("broken"));
      expect(broken).toBeInstanceOf(APIError);
      expect(broken).toMatchObject({ type: "server_error", message: hiddenMessage });
      const overrun = await thrownBy(() => read("overrun"));
      expect(overrun).toMatchObject({ type: "rate_limit_error", code: "out_of_tokens", message: "No tokens left" });
    });

    it.each(["endless", "silent"])("none for a client that leaves: %s", async (kind) => {
      const name = `${kind}-openai-${base}-${endpoint}`;
      const controller = new AbortController();
      const reading = thrownBy(async () => {
        const asked = { signal: controller.signal };
        const opened = await openStream(endpoint, name, asked);
        for await (const _ of opened) controller.signal.throwIfAborted();
        controller.signal.throwIfAborted();
      });
      await model.waitFor("start", name);
      controller.abort();
      await model.waitFor("abort", name);
      await reading;
    });
  });

  /** The SDK's own stream, which ends without an error when it is aborted. */
  function openStream(
    endpoint: keyof typeof calls,
    name: string,
    options: { signal: AbortSignal },
  ): PromiseLike<AsyncIterable<unknown>> {
    switch (endpoint) {
      case "chat":
        return client().chat.completions.create({ ...chatOf(name), stream: true }, options);
      case "completions":
        return client().completions.create({ model: name, prompt: "Hi", stream: true }, options);
      case "responses":
        return client().responses.create({ model: name, input: "Hi", stream: true }, options);
    }
  }

  it("errors of the helpers, in the stream", async () => {
    const chat = client().chat.completions.stream(chatOf("broken"));
    expect((await thrownBy(() => chat.finalChatCompletion())).message).toBe(hiddenMessage);
    const response = client().responses.stream({ model: "broken", input: "Hi" });
    expect((await thrownBy(() => response.finalResponse())).message).toBe(hiddenMessage);
  });

  it("errors of embeddings", async () => {
    const refused = await thrownBy(() => client().embeddings.create({ model: "status-404", input: "a" }));
    expect(refused).toBeInstanceOf(NotFoundError);
    const empty = await thrownBy(() => client().embeddings.create({ model: "m", input: [] }));
    expect(empty).toMatchObject({ status: 400, param: "input", type: "invalid_request_error" });
  });

  it("errors with the request's own id", async () => {
    const defaultHeaders = { "x-request-id": "own-id-1" };
    const error = await thrownBy(() => client({ defaultHeaders }).chat.completions.create(chatOf("status-400")));
    expect(error["requestID"]).toBe("own-id-1");
  });
});
