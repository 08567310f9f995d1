import { afterEach, describe, expect, it } from "vitest";
import { faultOf, notReady, predict, setHealth } from "../support/calls.ts";
import type { Target } from "../support/target.ts";

export function defineHealth(target: () => Target): void {
  describe("health", () => {
    afterEach(() => setHealth(target(), true));
    const ready = () => target().fetch("/v1/models/model");

    it.each([true, "x", 34, { a: 1 }])("T21 is_healthy %j: 200", async (value) => {
      await setHealth(target(), value);
      expect((await ready()).status).toBe(200);
    });

    it.each([false, "", 0])("T22 T27 is_healthy %j: 503", async (value) => {
      await setHealth(target(), value);
      const response = await ready();
      expect(response.status).toBe(503);
      expect(await response.json()).toEqual({ error: notReady });
      expect(faultOf(response)).toBe("600");
    });

    it("T22 an empty object is true in JavaScript", async () => {
      await setHealth(target(), {});
      expect((await ready()).status).toBe(200);
    });

    it("T23 is_healthy throws: 503, and why is logged", async () => {
      await setHealth(target(), "throws");
      expect((await ready()).status).toBe(503);
      await expect.poll(() => target().log()).toContain("Exception while checking if model is healthy: not well");
      await expect.poll(() => target().log()).toContain("Health check failed.");
    });

    it.each(["undefined", null])("T24 is_healthy without an opinion (%s): 200", async (value) => {
      await setHealth(target(), value);
      expect((await ready()).status).toBe(200);
    });

    it("T25 unwell: /, loaded, /ping and the endpoints go on", async () => {
      await setHealth(target(), false);
      for (const path of ["/", "/v1/models/model/loaded", "/ping"]) {
        expect((await target().fetch(path)).status).toBe(200);
      }
      expect((await predict(target(), 1)).status).toBe(200);
      expect((await ready()).status).toBe(503);
    });

    it("T26 one line in the log for each look", async () => {
      await setHealth(target(), false);
      const before = countFailures(target());
      for (let looks = 0; looks < 3; looks += 1) await ready();
      await expect.poll(() => countFailures(target())).toBe(before + 3);
    });
  });
}

function countFailures(target: Target): number {
  return target.log().split("Health check failed.").length - 1;
}
