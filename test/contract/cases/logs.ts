import { describe, expect, it } from "vitest";
import { note, post, predict } from "../support/calls.ts";
import type { Server } from "../support/server.ts";

/** stdout's events, and for `serve` the JSON lines of the log. */
export function defineLogs(server: () => Server, jsonLog: boolean): void {
  describe("events and logs", () => {
    it("T160 one request event for each request, none for probes' sake", async () => {
      const send = (id: string, path: string, body: unknown) =>
        post(server(), path, body, { headers: { "x-request-id": id } });
      await send("logged-1", "/environments/production/sync/v1/messages", {});
      await send("logged-2", "/predict?secret=1", { do: "throw" });
      await (await send("logged-3", "/predict", { do: "stream", kind: "digits" })).text();
      await note(server(), "anything");
      const of = (id: string) => server().event((event) => event["request_id"] === id);
      expect(await of("logged-1")).toMatchObject({
        event: "request",
        method: "POST",
        status: 200,
        path: "/environments/production/sync/v1/messages",
      });
      expect(await of("logged-2")).toMatchObject({ path: "/predict", status: 500 });
      expect(await of("logged-3")).toMatchObject({ status: 200, ms: expect.any(Number) });
      expect(server().events.filter((event) => event["request_id"] === "logged-3")).toHaveLength(1);
    });

    it("what the model prints goes to stderr", async () => {
      await predict(
        server(),
        { do: "print", message: "printed by the model" },
        { headers: { "x-request-id": "print-1" } },
      );
      await server().logged(/printed by the model/);
      expect(JSON.stringify(server().events)).not.toContain("printed by the model");
    });

    it("T130 an error is logged with a stack that begins in the model's file", async () => {
      await predict(server(), { do: "throw" });
      await server().logged(/model\/model\.ts:\d+/);
    });

    if (!jsonLog) return;

    it("T158 T159 T161 the log is JSON, with the request's id", async () => {
      await predict(server(), { do: "print", message: "warm" });
      await predict(server(), { do: "print", message: "told" }, { headers: { "x-baseten-request-id": "print-2" } });
      await server().logged(/"told"/);
      const lines = server()
        .log()
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines.every((line) => typeof line["asctime"] === "string" && typeof line["levelname"] === "string")).toBe(
        true,
      );
      expect(lines.find((line) => line["message"] === "told")).toMatchObject({
        levelname: "INFO",
        request_id: "print-2",
      });
    });
  });
}
