import Anthropic from "@anthropic-ai/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorShapes, hidden, note, noted, post } from "../support/calls.ts";
import { anthropicFor, anthropicHeaders } from "../support/clients.ts";
import type { Open, Target } from "../support/target.ts";

const path = "/v1/messages/count_tokens";
const hi = { model: "m", messages: [{ role: "user" as const, content: "Hi there" }] };
const estimateHeader = "x-truss-ts-estimate";

export function defineCountTokens(open: Open): void {
  describe("count_tokens by an estimate", () => {
    const config = "model_name: one\nruntime: { predict_concurrency: 1 }\n";
    const target = opened(() => open("everything", { config }));
    const count = async (more: object) => {
      const response = await post(target(), path, { ...hi, ...more });
      expect(response.status).toBe(200);
      expect(response.headers.get(estimateHeader)).toBe("true");
      return ((await response.json()) as { input_tokens: number }).input_tokens;
    };

    it("counts texts, the system prompt, tools with their schemas, and images", async () => {
      const bare = await count({});
      expect(bare).toBe(2);
      expect(await count({ system: "x".repeat(4000) })).toBe(bare + 1000);
      const properties = { city: { type: "string", enum: ["y".repeat(4000)] } };
      const tools = [{ name: "weather", input_schema: { type: "object", properties } }];
      expect(await count({ tools })).toBeGreaterThan(bare + 1000);
      const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "QUFB" } };
      expect(await count({ messages: [{ role: "user", content: [image] }] })).toBeGreaterThan(1000);
    });

    it("is never 0", async () => {
      expect(await count({ messages: [{ role: "user", content: "" }] })).toBe(1);
    });

    it("counts what is not English by its bytes", async () => {
      expect(await count({ messages: [{ role: "user", content: "你好".repeat(400) }] })).toBe(600);
    });

    it("answers fifty at once while the only slot is taken", async () => {
      const holder = post(target(), "/v1/messages", { do: "hold", key: "slot" });
      await noted(target(), "slot:start");
      const counts = await Promise.all(Array.from({ length: 50 }, () => count({})));
      expect(new Set(counts)).toEqual(new Set([2]));
      await note(target(), "slot:go");
      expect((await holder).status).toBe(200);
    });

    it("takes old and new headers, and any beta in the query", async () => {
      for (const headers of anthropicHeaders) {
        const response = await post(target(), `${path}?beta=true`, hi, { headers });
        expect(response.status).toBe(200);
        expect(response.headers.get("request-id")).toBeTruthy();
      }
      expect(await anthropicFor(target()).messages.countTokens(hi)).toEqual({ input_tokens: 2 });
      expect(await anthropicFor(target()).beta.messages.countTokens(hi)).toEqual({ input_tokens: 2 });
    });

    it.each([
      ["messages", {}],
      ["messages[0].content[0].source", { messages: [{ role: "user", content: [{ type: "image" }] }] }],
    ])("refuses a body whose %s is wrong", async (place, body) => {
      const response = await post(target(), path, body);
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual(errorShapes.anthropic(expect.stringContaining(place)));
    });

    it.each(["", "{", "null", "[]"])("refuses the body %j", async (body) => {
      const response = await target().fetch(path, { method: "POST", body });
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual(errorShapes.anthropic(expect.any(String)));
    });

    it("is POST only, in the family's words", async () => {
      const response = await target().fetch(path);
      expect(response.status).toBe(405);
      expect(await response.json()).toEqual(errorShapes.anthropic(expect.stringContaining("POST")));
    });
  });

  describe("count_tokens by the class", () => {
    const target = opened(() => open("kept"));
    const count = (model: string) => anthropicFor(target()).messages.countTokens({ ...hi, model });
    const refusal = (model: string) => count(model).catch((error: unknown) => error);

    it("answers what the class says, as a number or in the API's words", async () => {
      expect(await count("m")).toEqual({ input_tokens: JSON.stringify(hi.messages).length });
      expect(await count("wrapped")).toEqual({ input_tokens: 7 });
      expect((await post(target(), path, hi)).headers.has(estimateHeader)).toBe(false);
    });

    it("stands beside messages, which take old and new headers and any beta likewise", async () => {
      const asked = { ...hi, max_tokens: 5 };
      const message = await anthropicFor(target()).beta.messages.create(asked);
      expect(message.content).toMatchObject([{ type: "text", text: "|user: Hi there" }]);
      for (const headers of anthropicHeaders) {
        const response = await post(target(), "/v1/messages?beta=true", asked, { headers });
        expect([response.status, response.headers.has("request-id")]).toEqual([200, true]);
      }
    });

    it("answers its errors", async () => {
      expect(await refusal("refused")).toBeInstanceOf(Anthropic.UnprocessableEntityError);
      for (const model of ["broken", "odd"]) {
        const error = await refusal(model);
        expect(error).toBeInstanceOf(Anthropic.InternalServerError);
        expect(error).toMatchObject({ error: { error: { type: "api_error", message: hidden } } });
      }
    });

    it("answers while the only slot is taken", async () => {
      const leaving = new AbortController();
      const order = { ...hi, model: "hold", max_tokens: 5 };
      const held = post(target(), "/v1/messages", order, { signal: leaving.signal }).catch(() => undefined);
      expect(await Promise.all(Array.from({ length: 10 }, () => count("wrapped")))).toHaveLength(10);
      leaving.abort();
      await held;
    });
  });

  describe("count_tokens of a model without messages", () => {
    const target = opened(() => open("page"));

    it("is 404, and says what to write", async () => {
      const response = await post(target(), path, hi);
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual(
        errorShapes.anthropic(expect.stringContaining("count_tokens(input, request)")),
      );
    });
  });
}

function opened(open: () => Promise<Target>): () => Target {
  let target: Target;
  beforeAll(async () => void (target = await open()));
  afterAll(() => target?.close());
  return () => target;
}
