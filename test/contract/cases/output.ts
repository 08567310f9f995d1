import { describe, expect, it } from "vitest";
import { errorShapes, families, faultOf, hidden, post, predict } from "../support/calls.ts";
import type { Target } from "../support/target.ts";

export function defineOutput(target: () => Target): void {
  const returned = (kind: string) => predict(target(), { do: "return", kind }, { redirect: "manual" });

  describe("output", () => {
    it("T87 an object is JSON with its length", async () => {
      const response = await predict(target(), { a: 1 });
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(await response.text()).toBe('{"a":1}');
    });

    it("T88 T89 strings are quoted, what is not ASCII stays", async () => {
      expect(await (await returned("text")).text()).toBe('"plain"');
      expect(await (await predict(target(), "")).text()).toBe('""');
      expect(await (await predict(target(), "né")).text()).toBe('"né"');
    });

    it("T88 undefined is null, and so is NaN", async () => {
      expect(await (await returned("undefined")).text()).toBe("null");
      expect(await (await returned("number")).text()).toBe("null");
      expect(await (await returned("date")).text()).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
    });

    it.each(families)("T90 what JSON cannot hold is a 500 without detail at %s", async (path, family) => {
      for (const kind of ["bigint", "cycle", "function", "symbol", "toJSON throws", "deep"]) {
        const response = await post(target(), path, { do: "return", kind });
        expect(response.status, kind).toBe(500);
        expect(await response.json(), kind).toEqual(errorShapes[family](hidden));
      }
    });

    it.each([
      ["bytes", [0, 255, 7]],
      ["array buffer", [1, 2]],
    ])("%s go out as they are", async (kind, bytes) => {
      const response = await returned(kind);
      expect(response.headers.get("content-type")).toBe("application/octet-stream");
      expect([...new Uint8Array(await response.arrayBuffer())]).toEqual(bytes);
    });
  });

  describe("a Response goes out untouched", () => {
    it("T93 201 with its header", async () => {
      const response = await returned("response 201");
      expect(response.status).toBe(201);
      expect(response.headers.get("x-a")).toBe("b");
      expect(response.headers.get("x-baseten-error-code")).toBeNull();
      expect(await response.json()).toEqual({ made: true });
    });

    it("T94 204 is empty", async () => {
      const response = await returned("response 204");
      expect(response.status).toBe(204);
      expect(await response.text()).toBe("");
    });

    it("T95 T96 404 and 307 stay as they are", async () => {
      const missing = await returned("response 404");
      expect([missing.status, missing.headers.get("content-type"), await missing.text()]).toEqual([
        404,
        "text/plain",
        "not here",
      ]);
      const moved = await returned("response 307");
      expect([moved.status, moved.headers.get("location")]).toEqual([307, "/elsewhere"]);
    });

    it("several cookies stay several", async () => {
      expect((await returned("response cookies")).headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    });

    it("T119 events with a status of their own", async () => {
      const response = await returned("response events");
      expect(response.status).toBe(202);
      expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
      expect(await response.text()).toBe("data: 1\n\ndata: 2\n\n");
    });

    it("one whose body was read is a 500 without detail", async () => {
      const response = await returned("response used");
      expect(response.status).toBe(500);
      expect(await response.json()).toEqual({ error: hidden });
    });
  });

  describe("errors", () => {
    it.each(families)("T122 a throw at %s is a 500 that tells nothing", async (path, family) => {
      for (const kind of ["error", "string"]) {
        const response = await post(target(), path, { do: "throw", kind });
        expect(response.status).toBe(500);
        expect(faultOf(response)).toBe("600");
        expect(await response.json()).toEqual(errorShapes[family](hidden));
      }
      await expect.poll(() => target().log()).toContain("a detail that stays inside");
    });

    it.each(families)("T124 an HttpError at %s reaches the client", async (path, family) => {
      const order = { do: "http-error", status: 429, message: "slow down", headers: { "Retry-After": "7" } };
      const response = await post(target(), path, order);
      expect(response.status).toBe(429);
      expect(response.headers.get("retry-after")).toBe("7");
      expect(faultOf(response)).toBe("600");
      expect(await response.json()).toEqual(errorShapes[family]("slow down"));
    });
  });
}
