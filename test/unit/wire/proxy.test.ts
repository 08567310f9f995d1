import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type GenerationPart, HttpError } from "../../../src/index.ts";
import { createTestModel, type TestModel } from "../../../src/testing.ts";
import { createStuckGeneration, generate } from "./helpers.ts";
import { saidByChat, saidByCompletions, saidByMessages, saidByParts, saidByResponses } from "./support/said.ts";
import {
  createModel,
  everything,
  type SourceName,
  sourceNames,
  startUpstream,
  textSourceNames,
  type Upstream,
} from "./support/upstream.ts";

let upstream: Upstream;
let proxy: TestModel;
let source: SourceName = "chat";
let clients: { openai: OpenAI; anthropic: Anthropic };
beforeAll(async () => {
  // Both models log the errors that these tests want of them.
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  upstream = await startUpstream();
  // The line that a proxy is: whatever client it asks with, whatever protocol it answers in.
  proxy = await createTestModel(createModel((request) => upstream.sources[source](request.signal)));
  const settings = { apiKey: "none", fetch: proxy.fetch, maxRetries: 0 };
  clients = {
    openai: new OpenAI({ ...settings, baseURL: `${proxy.url}/v1` }),
    anthropic: new Anthropic({ ...settings, baseURL: proxy.url }),
  };
});
afterAll(async () => {
  await proxy.close();
  await upstream.close();
  vi.restoreAllMocks();
});

const targets = {
  chat: (stream: boolean) => saidByChat(clients.openai, stream),
  responses: (stream: boolean) => saidByResponses(clients.openai, stream),
  messages: (stream: boolean) => saidByMessages(clients.anthropic, stream),
};
type TargetName = keyof typeof targets;
const targetNames = Object.keys(targets) as TargetName[];
const ways = [true, false];

/** How each family says why it ended. */
const finishes: Record<TargetName, Readonly<Record<string, string>>> = {
  chat: { stop: "stop", length: "length", tool_calls: "tool_calls", content_filter: "content_filter" },
  responses: {
    stop: "completed",
    length: "max_output_tokens",
    tool_calls: "completed",
    content_filter: "content_filter",
  },
  messages: { stop: "end_turn", length: "max_tokens", tool_calls: "tool_use", content_filter: "refusal" },
};

describe.each(sourceNames)("from %s", (name) => {
  describe.each(targetNames)("to %s", (target) => {
    const ask = (stream: boolean, parts: readonly GenerationPart[]) => {
      source = name;
      upstream.say(() => generate(parts));
      return targets[target](stream);
    };

    it.each(ways)("all that was said, streamed: %s", async (stream) => {
      const wanted = saidByParts(everything);
      expect(await ask(stream, everything)).toEqual({ ...wanted, finish: finishes[target][wanted.finish] });
    });

    it.each(["stop", "length", "content_filter"] as const)("why it ended: %s", async (reason) => {
      const parts: GenerationPart[] = [
        { type: "text", text: "a" },
        { type: "finish", reason },
      ];
      for (const stream of ways) {
        expect(await ask(stream, parts)).toMatchObject({ text: "a", finish: finishes[target][reason] });
      }
    });
  });
});

describe.each(textSourceNames)("from %s", (name) => {
  it.each(targetNames)("to %s", async (target) => {
    source = name;
    const parts: GenerationPart[] = [
      { type: "text", text: "Hé" },
      { type: "text", text: "llo" },
      { type: "usage", input_tokens: 3, output_tokens: 2 },
      { type: "finish", reason: "length" },
    ];
    upstream.say(() => generate(parts));
    for (const stream of ways) {
      expect(await targets[target](stream)).toEqual({ ...saidByParts(parts), finish: finishes[target].length });
    }
  });
});

it.each([...sourceNames, ...textSourceNames])("from %s to completions", async (name) => {
  source = name;
  const parts: GenerationPart[] = [
    { type: "text", text: "Hello" },
    { type: "usage", input_tokens: 3, output_tokens: 2 },
  ];
  upstream.say(() => generate(parts));
  for (const stream of ways) expect(await saidByCompletions(clients.openai, stream)).toEqual(saidByParts(parts));
});

describe.each(["responses", "responses, whole", "chat", "chat, whole", "chat helper"] as const)(
  "a refusal from %s",
  (name) => {
    const parts: GenerationPart[] = [
      { type: "refusal", text: "I will" },
      { type: "refusal", text: " not" },
    ];
    it.each(ways)("is one for all, streamed: %s", async (stream) => {
      source = name;
      upstream.say(() => generate(parts));
      expect(await targets.chat(stream)).toMatchObject({ refusal: "I will not", text: "", finish: "stop" });
      expect(await targets.responses(stream)).toMatchObject({ refusal: "I will not", text: "", finish: "completed" });
      expect(await targets.messages(stream)).toMatchObject({ text: "I will not", finish: "refusal" });
      expect(await saidByCompletions(clients.openai, stream)).toMatchObject({ finish: "content_filter" });
    });
  },
);

interface Thrown extends Error {
  status?: number;
  headers?: Headers;
  type?: string | null;
  code?: string | null;
  param?: string | null;
}

async function thrownBy(work: () => Promise<unknown>): Promise<Thrown> {
  const thrown = await work().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof Error)) throw new Error("nothing was thrown");
  return thrown;
}

describe.each([...sourceNames, ...textSourceNames])("errors from %s", (name) => {
  const fail = (before: readonly GenerationPart[], error: Error) => {
    source = name;
    upstream.say(() => generate(before, error));
  };

  it.each(targetNames)("keep their status before the first byte to %s", async (target) => {
    fail([], new HttpError(429, "Slow down", { headers: { "Retry-After": "7", "X-Secret": "no" } }));
    for (const stream of ways) {
      const error = await thrownBy(() => targets[target](stream));
      expect(error).toMatchObject({ status: 429, message: expect.stringContaining("Slow down") as unknown });
      expect(error.headers?.get("retry-after")).toBe("7");
      expect(error.headers?.get("x-secret")).toBeNull();
      expect(error.type).toBe("rate_limit_error");
    }
  });

  it.each(targetNames)("show that the upstream told nothing, to %s", async (target) => {
    fail([], new Error("a secret"));
    const error = await thrownBy(() => targets[target](true));
    expect(error.message).toMatch(/Internal Server Error/);
    expect(error.message).not.toMatch(/secret/);
    expect(error.status).toBeGreaterThanOrEqual(500);
  });

  // What is read whole fails before anything was said.
  it.skipIf(name.endsWith("whole")).each(targetNames)("are thrown after it has begun, to %s", async (target) => {
    fail([{ type: "text", text: "Hello" }], new HttpError(429, "Slow down"));
    const error = await thrownBy(() => targets[target](true));
    expect(error.message).toMatch(/Slow down/);
  });
});

describe("an upstream's error", () => {
  it("keeps its type, code and parameter within a family", async () => {
    const error = new HttpError(400, "Too hot", {
      type: "invalid_request_error",
      code: "too_hot",
      param: "temperature",
    });
    upstream.say(() => Promise.reject(error));
    for (const name of ["chat", "responses", "ai over chat"] as const) {
      source = name;
      const said = { status: 400, type: "invalid_request_error", code: "too_hot", param: "temperature" };
      expect(await thrownBy(() => targets.chat(false))).toMatchObject(said);
    }
    upstream.say(() => Promise.reject(new HttpError(529, "Busy", { type: "overloaded_error" })));
    source = "messages";
    expect(await thrownBy(() => targets.messages(false))).toMatchObject({ status: 529, type: "overloaded_error" });
    expect(await thrownBy(() => targets.chat(false))).toMatchObject({ status: 529, type: "server_error" });
  });

  it("does not show the key that the upstream refused", async () => {
    upstream.say(() => Promise.reject(new HttpError(401, "Incorrect API key provided: sk-abc")));
    for (const name of [...sourceNames, ...textSourceNames]) {
      source = name;
      const error = await thrownBy(() => targets.chat(true));
      expect(error.status).toBe(401);
      expect(error.message).not.toMatch(/sk-abc/);
    }
  });

  it("is a 502 where it cannot be reached", async () => {
    const nowhere = {
      apiKey: "none",
      maxRetries: 0,
      fetch: () => Promise.reject(new TypeError("fetch failed")),
    };
    const asked = { model: "m", messages: [{ role: "user" as const, content: "Hi" }] };
    const model = await createTestModel(
      createModel(() => new OpenAI(nowhere).chat.completions.create({ ...asked, stream: true })),
    );
    const response = await model.post("/v1/chat/completions", { ...asked, stream: true });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ error: { message: "The upstream cannot be reached" } });
    await model.close();
  });
});

it.each(sourceNames.filter((name) => !name.endsWith("whole")))(
  "a client that leaves ends the upstream's work: %s",
  async (name) => {
    source = name;
    const { iterable, state } = createStuckGeneration();
    upstream.say(() => iterable);
    const leaving = new AbortController();
    const asked = { model: "m", messages: [{ role: "user" as const, content: "Hi" }], stream: true as const };
    const stream = await clients.openai.chat.completions.create(asked, { signal: leaving.signal });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === "first") leaving.abort();
    await vi.waitFor(() => expect(state.returned).toBe(1), { timeout: 10_000 });
  },
);

it.each(sourceNames)(
  "a client that leaves before the upstream has begun is no error of the model: %s",
  async (name) => {
    source = name;
    let goOn: (text: string) => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      upstream.say(() => {
        resolve();
        return new Promise<string>((later) => (goOn = later));
      });
    });
    const log = vi.mocked(process.stderr.write);
    log.mockClear();
    const leaving = new AbortController();
    const answer = proxy.post("/v1/chat/completions", { model: "m", messages: [] }, { signal: leaving.signal });
    await begun;
    leaving.abort();
    const status = await answer.then(
      (response) => response.status,
      () => 499,
    );
    goOn("");
    expect(status).toBe(499);
    expect(log.mock.calls.join("\n")).not.toMatch(/Exception/);
  },
);
