import { describe, expect, it } from "vitest";
import { hidden, predict } from "../support/calls.ts";
import type { Target } from "../support/target.ts";

/** The target was opened with the value `s3cret` for `declared_secret`, and none for any other. */
export function defineSecrets(target: () => Target): void {
  const secret = (name: string) => predict(target(), { do: "secret", name });

  describe("secrets and context", () => {
    it("T155 a declared secret has its value", async () => {
      expect(await (await secret("declared_secret")).json()).toBe("s3cret");
    });

    it.each(["undeclared", "other_secret", "constructor", "__proto__", "hasOwnProperty"])(
      "T157 %s throws, and the log names it",
      async (name) => {
        const response = await secret(name);
        expect(response.status).toBe(500);
        expect(await response.json()).toEqual({ error: hidden });
        await expect.poll(() => target().log()).toContain(name);
      },
    );

    it("T38 T39 the context has config, data_dir and environment, and shows no value", async () => {
      const seen = (await (await predict(target(), { do: "context" })).json()) as Record<string, unknown>;
      expect(seen["model_name"]).toBe("Everything");
      expect(seen["data_dir"]).toMatch(/^\/.*\/data$/);
      expect(JSON.stringify(seen)).not.toContain("s3cret");
      expect(target().log()).not.toContain("s3cret");
    });
  });
}
