import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hidden, post, predict } from "../support/calls.ts";
import type { Open, Target } from "../support/target.ts";

export function defineTyped(open: Open, untyped: () => Target): void {
  describe("schemas", () => {
    let target: Target;
    beforeAll(async () => void (target = await open("typed")));
    afterAll(() => target?.close());
    const errorOf = async (body: unknown) => {
      const response = await predict(target, body);
      expect(response.status).toBe(400);
      expect(response.headers.get("x-baseten-error-code")).toBe("700");
      return ((await response.json()) as { error: string }).error;
    };

    it("a valid body is what the schema makes of it", async () => {
      expect(await (await predict(target, { prompt: "p" })).json()).toEqual({ prompt: "p", checked: true });
    });

    it("T73 one fault", async () => {
      expect(await errorOf({})).toBe("Input Parsing Error:\n  `prompt`: must be text");
    });

    it("T74 two faults, each with its path", async () => {
      expect(await errorOf({ list: [1, "b"] })).toBe(
        "Input Parsing Errors:\n  `prompt`: must be text\n  `list[1]`: must be a number",
      );
    });

    it("T75 malformed JSON", async () => {
      const response = await target.fetch("/predict", { method: "POST", body: "{" });
      expect(response.status).toBe(400);
    });

    it("T77 T78 other endpoints are not held to predict's schema", async () => {
      expect(await (await post(target, "/v1/chat/completions", { any: 1 })).json()).toEqual({ any: 1 });
      expect((await post(target, "/v1/embeddings", {})).status).toBe(404);
    });

    it("an answer that breaks the schema is the model's fault", async () => {
      const response = await predict(target, { prompt: "lie" });
      expect(response.status).toBe(500);
      expect(await response.json()).toEqual({ error: hidden });
    });

    it("T82 the schema route", async () => {
      expect(await (await target.fetch("/v1/models/model/schema")).json()).toEqual({
        input_schema: { type: "object", properties: { prompt: { type: "string" } } },
        output_schema: { type: "object" },
        supports_streaming: false,
      });
    });

    it("the OpenAPI document holds it", async () => {
      const text = await (await target.fetch("/openapi.json")).text();
      expect(text).toContain('{"type":"object","properties":{"prompt":{"type":"string"}}}');
    });

    it("T81 without a schema: 404", async () => {
      const response = await untyped().fetch("/v1/models/model/schema");
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ error: "No schema found" });
    });
  });
}
