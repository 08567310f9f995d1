import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorShapes, faultOf, post } from "../support/calls.ts";
import { anthropicFor, anthropicHeaders, openaiFor } from "../support/clients.ts";
import type { Open, Target } from "../support/target.ts";

const names = ["org/kept", "small"];

export function defineModels(open: Open): void {
  describe("GET /v1/models", () => {
    let target: Target;
    beforeAll(async () => void (target = await open("kept")));
    afterAll(() => target?.close());
    const get = (path: string, headers: Record<string, string> = {}) => target.fetch(path, { headers });

    it.each(["/v1/models", "/environments/production/sync/v1/models", "/v1/models?beta=true"])(
      "%s lists the names of config.yaml, in both families' words",
      async (path) => {
        const response = await get(path);
        expect(response.status).toBe(200);
        expect(response.headers.get("request-id")).toBe(response.headers.get("x-request-id"));
        const list = (await response.json()) as { data: Record<string, unknown>[] };
        expect(list).toMatchObject({ object: "list", has_more: false, first_id: "org/kept", last_id: "small" });
        expect(list.data.map(({ id }) => id)).toEqual(names);
        const [model] = list.data;
        expect(model).toMatchObject({ object: "model", owned_by: "truss-ts", type: "model", display_name: "org/kept" });
        expect(Number.isInteger(model?.["created"])).toBe(true);
        expect(Date.parse(String(model?.["created_at"]))).not.toBeNaN();
      },
    );

    it("the clients list and retrieve, ids with slashes too", async () => {
      const listed: string[] = [];
      for await (const { id } of openaiFor(target).models.list()) listed.push(id);
      for await (const { id } of anthropicFor(target).models.list({ limit: 1 })) listed.push(id);
      expect(listed).toEqual([...names, ...names]);
      for (const id of names) {
        expect(await openaiFor(target).models.retrieve(id)).toMatchObject({ id, object: "model" });
        expect(await anthropicFor(target).models.retrieve(id)).toMatchObject({ id, type: "model" });
        expect(await anthropicFor(target).beta.models.retrieve(id)).toMatchObject({ id, type: "model" });
      }
    });

    it.each(["/v1/models/org/kept", "/v1/models/org%2Fkept", "/environments/production/sync/v1/models/org/kept"])(
      "%s is one of them",
      async (path) => expect(await (await get(path)).json()).toMatchObject({ id: "org/kept" }),
    );

    it("pages by ids, in both directions", async () => {
      const page = async (query: string) => (await get(`/v1/models?${query}`)).json();
      expect(await page("limit=1")).toMatchObject({ data: [{ id: "org/kept" }], has_more: true, last_id: "org/kept" });
      expect(await page("limit=1&after_id=org/kept")).toMatchObject({ data: [{ id: "small" }], has_more: false });
      expect(await page("before_id=small")).toMatchObject({ data: [{ id: "org/kept" }], has_more: false });
      expect(await page("after_id=small")).toMatchObject({ data: [], has_more: false, first_id: null, last_id: null });
    });

    it.each(["other", "org/other", "org/kept/more"])("the clients are told that %s is unknown", async (id) => {
      const openai: unknown = await openaiFor(target)
        .models.retrieve(id)
        .catch((error: unknown) => error);
      expect(openai).toBeInstanceOf(OpenAI.NotFoundError);
      expect(openai).toMatchObject({ code: "model_not_found", type: "not_found_error" });
      const anthropic: unknown = await anthropicFor(target)
        .models.retrieve(id)
        .catch((error: unknown) => error);
      expect(anthropic).toBeInstanceOf(Anthropic.NotFoundError);
      expect(anthropic).toMatchObject({ error: { type: "error", error: { type: "not_found_error" } } });
    });

    it("the headers decide whose words an unknown id is told in", async () => {
      for (const headers of anthropicHeaders) {
        const response = await get("/v1/models/other", headers);
        expect(response.status).toBe(404);
        expect(faultOf(response)).toBe("700");
        expect(response.headers.get("request-id")).toBeTruthy();
        expect(await response.json()).toEqual(errorShapes.anthropic(expect.stringContaining("other")));
      }
      const response = await get("/v1/models/org/other");
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: { code: "model_not_found" } });
    });

    it("Truss's own routes keep their meaning", async () => {
      for (const path of ["model", "anything", "model/loaded", "org/loaded"]) {
        const response = await get(`/v1/models/${path}`);
        expect([path, response.status, await response.json()]).toEqual([path, 200, {}]);
      }
      expect((await get("/v1/models/model/schema")).status).toBe(404);
      expect((await post(target, "/v1/models/model:predict", 1)).status).toBe(404);
      expect((await get("/v1/models/model", { authorization: "Bearer key" })).status).toBe(200);
      for (const path of ["/v1/models", "/v1/models/org/kept"]) {
        expect((await post(target, path, {})).headers.get("allow")).toBe("GET, HEAD");
      }
      expect((await post(target, "/v1/models/org/other", {})).status).toBe(404);
    });

    it("a model that is not well is no answer, under any of its names", async () => {
      expect((await post(target, "/v1/responses", { model: "unwell", input: "a" })).status).toBe(200);
      for (const path of ["model", "anything", "small", "org/kept", "org%2Fkept"]) {
        expect([path, (await get(`/v1/models/${path}`)).status]).toEqual([path, 503]);
      }
      for (const path of ["/v1/models", "/v1/models/model/loaded"]) expect((await get(path)).status).toBe(200);
    });
  });
}
