import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorShapes, families, faultOf, noted, post, predict, readAll } from "../support/calls.ts";
import type { Open, Target } from "../support/target.ts";

const config =
  "model_name: limited\nruntime: { max_body_size: 1000, streaming_read_timeout: 0.2, predict_concurrency: 1 }\n";

export function defineLimits(open: Open): void {
  describe("limits of config.yaml", () => {
    let target: Target;
    beforeAll(async () => void (target = await open("everything", { config })));
    afterAll(() => target?.close());

    it.each(families)("T67 a body above runtime.max_body_size is 413 at %s", async (path, family) => {
      const response = await post(target, path, "x".repeat(1000));
      expect(response.status).toBe(413);
      expect(faultOf(response)).toBe("700");
      expect(await response.json()).toEqual(errorShapes[family](expect.stringContaining("1000 bytes")));
      expect((await post(target, path, "x".repeat(998))).status).toBe(200);
    });

    it("413 also where no length was announced", async () => {
      const body = ReadableStream.from([Buffer.alloc(800, " "), Buffer.alloc(800, " ")]);
      const init = { method: "POST", body, duplex: "half" } as RequestInit;
      expect((await target.fetch("/predict", init)).status).toBe(413);
      expect((await predict(target, 1)).status).toBe(200);
    });

    it("T112 T113 a stream that is silent too long is cut, and its signal aborts", async () => {
      const order = { do: "stream", kind: "silent", key: "quiet" };
      const response = await predict(target, order);
      expect(await readAll(response)).toEqual({ text: "x", broken: true });
      await noted(target, "quiet:finally:true");
      await expect.poll(() => target.log()).toContain("streaming_read_timeout");
      expect((await predict(target, 1)).status).toBe(200);
    });

    it.each([
      ["before its first item", "unstarted", {}],
      ["while it is gathered", "silent", { accept: "application/json" }],
    ] as const)("one that is silent %s is a 504", async (_where, kind, headers) => {
      const key = `quiet-${kind}`;
      const response = await predict(target, { do: "stream", kind, key }, { headers });
      expect(response.status).toBe(504);
      expect(await response.json()).toEqual({ error: expect.stringContaining("streaming_read_timeout") });
      await noted(target, `${key}:finally:true`);
      expect((await predict(target, 1)).status).toBe(200);
    });
  });
}
