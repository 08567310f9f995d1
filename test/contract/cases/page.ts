import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorShapes, faultOf, post } from "../support/calls.ts";
import type { Fixture, Open, Target } from "../support/target.ts";

const chat = {
  model: "m",
  messages: [{ role: "user", content: "hi" }],
  stream: false,
  temperature: 0.1,
  max_tokens: 5,
};

/** The examples of the documentation's page on HTTP endpoints. */
export function definePage(open: Open): void {
  describe("the page's chat_completions, which delegates to predict", () => {
    const target = opened(open, "page");

    it.each(both("/v1/chat/completions"))("T45 POST %s", async (path) => {
      expect(await answerOf(target(), path, chat)).toEqual({ output: chat });
    });

    it.each(["/predict", "/environments/production/predict"])("POST %s", async (path) => {
      expect(await answerOf(target(), path, { any: "json" })).toEqual({ output: { any: "json" } });
    });

    it.each([
      ["/v1/embeddings", "embeddings", "openai"],
      ["/v1/messages", "messages", "anthropic"],
      ["/environments/production/sync/v1/responses", "responses", "openai"],
    ] as const)("T126 POST %s names the method to write", async (path, method, family) => {
      const response = await post(target(), path, chat);
      expect(response.status).toBe(404);
      expect(faultOf(response)).toBe("700");
      expect(await response.json()).toEqual(
        errorShapes[family](expect.stringContaining(`\`${method}(input, request)\``)),
      );
    });
  });

  describe("the page's completions, which echo the prompt", () => {
    const target = opened(open, "page-completions");

    it.each(both("/v1/completions"))("T44 T45 POST %s", async (path) => {
      expect(await answerOf(target(), path, { model: "m", prompt: "Once" })).toEqual({
        id: "cmpl-example",
        object: "text_completion",
        choices: [{ index: 0, text: "You sent: Once", finish_reason: "stop" }],
      });
    });

    it("T126 T127 POST /predict is 404, whatever the body", async () => {
      for (const body of ['{"a":1}', "{", ""]) {
        const response = await target().fetch("/predict", { method: "POST", body });
        expect(response.status).toBe(404);
        expect(await response.json()).toEqual({ error: expect.stringContaining("`predict(input, request)`") });
      }
    });
  });

  describe("the page's embeddings, messages and responses, which return any JSON", () => {
    const target = opened(open, "page-others");

    it.each(["embeddings", "messages", "responses"].flatMap((name) => both(`/v1/${name}`).map((path) => [path, name])))(
      "POST %s",
      async (path = "", name = "") => {
        expect(await answerOf(target(), path, { model: "m", input: "x" })).toEqual({ output: name });
      },
    );
  });
}

function opened(open: Open, fixture: Fixture): () => Target {
  let target: Target | undefined;
  beforeAll(async () => void (target = await open(fixture)));
  afterAll(() => target?.close());
  return () => {
    if (target === undefined) throw new Error("not open");
    return target;
  };
}

function both(path: string): string[] {
  return [path, `/environments/production/sync${path}`, `/development/sync${path}`];
}

async function answerOf(target: Target, path: string, body: unknown): Promise<unknown> {
  const response = await post(target, path, body);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  return response.json();
}
