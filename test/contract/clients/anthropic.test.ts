import Anthropic, {
  APIError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from "@anthropic-ai/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningModel, collect, helloText, hiddenMessage, startModel, thrownBy } from "./start.ts";

let model: RunningModel;
beforeAll(async () => void (model = await startModel("clients-model.ts")));
afterAll(() => model?.close());

const ask = (name: string) => ({ model: name, max_tokens: 64, messages: [{ role: "user" as const, content: "Hi" }] });

describe.each(["local", "platform"] as const)("@anthropic-ai/sdk at the %s path", (base) => {
  const client = () => new Anthropic({ baseURL: model.bases[base], apiKey: "key", maxRetries: 0 });

  it("whole", async () => {
    const message = await client().messages.create(ask("m"));
    expect(message).toMatchObject({
      type: "message",
      role: "assistant",
      model: "m",
      content: [{ type: "text", text: helloText }],
      stop_reason: "end_turn",
      usage: { input_tokens: 11, output_tokens: 7 },
    });
    expect(message._request_id).toBeTruthy();
  });

  it("whole, with thinking and tools", async () => {
    expect((await client().messages.create(ask("thinking"))).content).toMatchObject([
      { type: "thinking", thinking: "Let me think." },
      { type: "text", text: helloText },
    ]);
    const message = await client().messages.create(ask("tools"));
    expect(message.stop_reason).toBe("tool_use");
    expect(message.content.slice(1)).toMatchObject([
      { type: "tool_use", id: "call_1", name: "weather", input: { city: "Zürich" } },
      { type: "tool_use", id: "call_2", name: "weather", input: { city: "Bern" } },
    ]);
  });

  it("streamed", async () => {
    const events = await collect(await client().messages.create({ ...ask("m"), stream: true }));
    const deltas = events.flatMap((event) =>
      event.type === "content_block_delta" && event.delta.type === "text_delta" ? [event.delta.text] : [],
    );
    expect(deltas.join("")).toBe(helloText);
    expect(events[0]?.type).toBe("message_start");
    expect(events.at(-1)?.type).toBe("message_stop");
  });

  it.each(["m", "thinking", "tools", "short"])("streamed, put together by the helper: %s", async (name) => {
    const { id: _, _request_id: __, ...whole } = await client().messages.create(ask(name));
    const streamed = await client().messages.stream(ask(name)).finalMessage();
    expect(streamed).toMatchObject({ ...whole });
    expect(streamed.usage).toMatchObject({ input_tokens: 11, output_tokens: 7 });
  });

  it.each([
    [400, BadRequestError, "invalid_request_error"],
    [401, AuthenticationError, "authentication_error"],
    [403, PermissionDeniedError, "permission_error"],
    [404, NotFoundError, "not_found_error"],
    [409, ConflictError, "conflict_error"],
    [413, APIError, "request_too_large"],
    [422, UnprocessableEntityError, "invalid_request_error"],
    [429, RateLimitError, "rate_limit_error"],
    [529, InternalServerError, "overloaded_error"],
  ])("errors before the first byte: %i", async (status, kind, type) => {
    for (const stream of [true, false]) {
      const error = await thrownBy(() => client().messages.create({ ...ask(`status-${status}`), stream }));
      expect(error).toBeInstanceOf(kind);
      expect(error).toMatchObject({ status, type, requestID: expect.any(String) as unknown });
      const requestId: unknown = error["requestID"];
      expect(error["error"]).toEqual({
        type: "error",
        error: { type, message: `Refused with ${status}` },
        request_id: requestId,
      });
    }
  });

  it("errors of the inside before the first byte: 500 that shows nothing", async () => {
    for (const stream of [true, false]) {
      const error = await thrownBy(() => client().messages.create({ ...ask("crash"), stream }));
      expect(error).toBeInstanceOf(InternalServerError);
      expect(error).toMatchObject({ status: 500, type: "api_error", error: { error: { message: hiddenMessage } } });
    }
  });

  it.each([
    ["broken", "api_error", hiddenMessage],
    ["overrun", "rate_limit_error", "No tokens left"],
  ])("errors in the stream: %s", async (name, type, message) => {
    const reads = {
      raw: async () => collect(await client().messages.create({ ...ask(name), stream: true })),
      helper: () => client().messages.stream(ask(name)).finalMessage(),
    };
    for (const read of Object.values(reads)) {
      const error = await thrownBy(read);
      expect(error).toBeInstanceOf(APIError);
      expect(error).toMatchObject({ type, error: { error: { type, message } } });
    }
  });

  it.each(["endless", "silent"])("no work for a client that leaves: %s", async (kind) => {
    const name = `${kind}-anthropic-${base}`;
    const controller = new AbortController();
    const reading = thrownBy(async () => {
      await collect(await client().messages.create({ ...ask(name), stream: true }, { signal: controller.signal }));
      controller.signal.throwIfAborted();
    });
    await model.waitFor("start", name);
    controller.abort();
    await model.waitFor("abort", name);
    await reading;
  });
});
