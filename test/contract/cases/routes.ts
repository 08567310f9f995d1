import { describe, expect, it } from "vitest";
import { endpoints } from "../../../src/model/endpoints.ts";
import { errorShapes, families, faultOf, post } from "../support/calls.ts";
import type { Target } from "../support/target.ts";

const served = endpoints.filter(({ family }) => family !== "websocket");

export function defineRoutes(target: () => Target): void {
  describe("routes", () => {
    it("T1 GET / is true", async () => {
      const response = await target().fetch("/");
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(await response.json()).toBe(true);
    });

    it.each(["/v1/models/model", "/v1/models/anything", "/v1/models/model/loaded", "/ping"])(
      "T3 T4 T7 GET %s is {}",
      async (path) => {
        const response = await target().fetch(path);
        expect(response.status).toBe(200);
        expect(await response.json()).toEqual({});
      },
    );

    it.each([
      "/predict",
      "/invocations",
      "/v1/models/model:predict",
      "/v1/models/foo:predict",
      "/v1/models/model%3Apredict",
      "/v1/models/model:predict_binary",
      "/environments/production/predict",
      "/environments/staging/predict",
      "/environments/production/sync/predict",
      "/production/predict",
      "/development/predict",
      "/deployment/abc123/predict",
      "/deployment/abc123/sync/predict",
      "/predict?trace=1",
    ])("T11 T12 T13 POST %s is predict", async (path) => {
      const response = await post(target(), path, [1]);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual([1]);
    });

    it.each(served.flatMap(({ path }) => pathsOf(path)))("POST %s reaches its method", async (path) => {
      const response = await post(target(), path, { model: "m", nested: [{ a: null }] });
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ model: "m", nested: [{ a: null }] });
    });

    it.each(["/health/live", "/environments/production/sync/", "/development/sync/v1/models/model"])(
      "GET %s is a probe under another name",
      async (path) => expect((await target().fetch(path)).status).toBe(200),
    );

    it("T14 GET of predict is 405, not a probe", async () => {
      const response = await target().fetch("/v1/models/model:predict");
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("POST");
    });

    it("T17 HEAD / is 200 without a body", async () => {
      const response = await target().fetch("/", { method: "HEAD" });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe("");
    });

    it.each(["/predict/", "/v1/chat/completions/", "/production/predict/"])(
      "T18 POST %s leads to the path without the slash",
      async (path) => {
        const response = await post(target(), `${path}?a=1`, 1, { redirect: "manual" });
        expect(response.status).toBe(307);
        expect(response.headers.get("location")).toBe(`${path.slice(0, -1)}?a=1`);
      },
    );

    it("T20 GET /openapi.json lists what is served; /docs is not there", async () => {
      const response = await target().fetch("/openapi.json");
      const { openapi, paths } = (await response.json()) as { openapi: string; paths: Record<string, object> };
      expect(openapi).toMatch(/^3\.1/);
      const all = endpoints.map(({ path }) => path);
      expect(Object.keys(paths).toSorted()).toEqual([...all, "/v1/messages/count_tokens"].toSorted());
      expect((await target().fetch("/docs")).status).toBe(404);
    });

    it.each(["//predict", "/PREDICT", "/v1/models/a/b", "/environments/production/elsewhere", "/predict/more"])(
      "%s is nothing",
      async (path) => expect((await post(target(), path, 1)).status).toBe(404),
    );
  });

  describe("404 and 405 in the path's family", () => {
    it.each([
      ["/nowhere", "json"],
      ["/v1/nowhere", "openai"],
      ["/environments/production/sync/v1/nowhere", "openai"],
      ["/v1/messages/batches", "anthropic"],
    ] as const)("T15 %s", async (path, family) => {
      for (const method of ["GET", "POST"]) {
        const response = await target().fetch(path, { method });
        expect(response.status).toBe(404);
        expect(response.headers.get("content-type")).toBe("application/json");
        expect(await response.json()).toEqual(errorShapes[family](expect.stringContaining("nothing at")));
        expect(faultOf(response)).toBe("700");
      }
    });

    it.each(families)("T16 GET, PUT and DELETE %s", async (path, family) => {
      for (const method of ["GET", "PUT", "DELETE"]) {
        const response = await target().fetch(path, { method });
        expect(response.status).toBe(405);
        expect(response.headers.get("allow")).toBe("POST");
        expect(await response.json()).toEqual(errorShapes[family](expect.stringContaining("POST")));
      }
    });

    it("POST / is 405 that allows GET and HEAD", async () => {
      const response = await target().fetch("/", { method: "POST", body: "{}" });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("GET, HEAD");
      expect(await response.json()).toEqual({ error: expect.any(String) });
    });
  });

  defineRequestIds(target);
}

function defineRequestIds(target: () => Target): void {
  describe("request ids", () => {
    const idOf = async (headers: Record<string, string>) => {
      const response = await post(target(), "/predict", 1, { headers });
      const id = response.headers.get("x-request-id");
      expect(response.headers.get("request-id")).toBe(id);
      return id;
    };

    it("echoes a safe one, under either name", async () => {
      expect(await idOf({ "x-request-id": "abc-123:/+=@._" })).toBe("abc-123:/+=@._");
      expect(await idOf({ "x-baseten-request-id": "b".repeat(128) })).toBe("b".repeat(128));
    });

    it.each(["c".repeat(129), "with space", "a<b>", 'q"'])("replaces %s", async (id) => {
      expect(await idOf({ "x-request-id": id })).toMatch(/^[\w.:\-+/=@]{8,128}$/);
    });

    it("makes one of its own for each request without", async () => {
      const ids = await Promise.all(Array.from({ length: 5 }, () => idOf({})));
      expect(new Set(ids).size).toBe(5);
    });

    it.each(["/", "/ping", "/nowhere", "/v1/nowhere", "/openapi.json", "/predict/", "/v1/models", "/v1/responses/a"])(
      "is on the answer of GET %s",
      async (path) => {
        const response = await target().fetch(path, { headers: { "x-request-id": "mine" }, redirect: "manual" });
        expect(namesOf(response)).toEqual(["mine", "mine"]);
      },
    );

    it.each([
      ["PUT", "/v1/messages", "{}", 405],
      ["POST", "/v1/chat/completions", "{", 400],
      ["POST", "/v1/messages/count_tokens", "{", 400],
      ["POST", "/predict", '{"do":"throw"}', 500],
      ["POST", "/v1/messages", '{"do":"throw"}', 500],
      ["POST", "/v1/responses", '{"do":"stream","kind":"fails first"}', 500],
      ["POST", "/v1/completions", '{"do":"stream","kind":"digits"}', 200],
      ["GET", "/v1/websocket", undefined, 426],
      ["HEAD", "/", undefined, 200],
      ["HEAD", "/v1/models", undefined, 200],
    ])("is on the answer of %s %s %s", async (method, path, body, status) => {
      const headers = { "x-request-id": "mine", "content-type": "application/json" };
      const response = await target().fetch(path, { method, headers, ...(body === undefined ? {} : { body }) });
      await response.text();
      expect([response.status, ...namesOf(response)]).toEqual([status, "mine", "mine"]);
    });
  });
}

function namesOf({ headers }: Response): (string | null)[] {
  return ["x-request-id", "request-id"].map((name) => headers.get(name));
}

function pathsOf(path: string): string[] {
  if (path === "/predict") return [];
  return ["", "/environments/production/sync", "/development/sync", "/production/sync", "/deployment/d1/sync"].map(
    (prefix) => prefix + path,
  );
}
