import { describe, expect, it } from "vitest";
import { endpointMethods, endpoints } from "../../../src/model/endpoints.ts";

describe("the endpoint table", () => {
  it("has one row for each method and each path", () => {
    expect(new Set(endpointMethods).size).toBe(endpoints.length);
    expect(new Set(endpoints.map(({ path }) => path)).size).toBe(endpoints.length);
  });

  it.each(endpoints)("$method: POST, but for the socket", ({ method, verb, path, family }) => {
    expect(verb).toBe(method === "websocket" ? "GET" : "POST");
    expect(path).toMatch(/^\/(predict|v1\/[a-z/]+)$/);
    expect(family).toBe({ predict: "json", messages: "anthropic", websocket: "websocket" }[String(method)] ?? "openai");
  });
});
