import { describe, expect, it } from "vitest";
import { chunksOf, noted, pause, post, predict, readNumber } from "../support/calls.ts";
import type { Target } from "../support/target.ts";

/** Far more than all the buffers of sockets on the way, far less than an unbounded stream makes in a moment. */
const boundBytes = 64 * 1024 * 1024;
const itemBytes = 10_000;

/** A stream is made as fast as it is read, and no longer than it is wanted. */
export function definePace(target: () => Target): void {
  describe("the pace of a stream", () => {
    it.each(["/predict", "/v1/chat/completions"])(
      "%s makes no more than its reader takes, and ends with it",
      async (path) => {
        const key = `flood ${path}`;
        const leaving = new AbortController();
        const response = await post(target(), path, { do: "stream", kind: "flood", key }, { signal: leaving.signal });
        const chunks = chunksOf(response);
        await chunks.next();
        expect((await settledNumber(target(), key)) * itemBytes).toBeLessThan(boundBytes);
        leaving.abort();
        chunks.leave();
        await noted(target(), `${key}:finally`);
      },
    );

    it.each([
      ["before its first item", "stuck at once", {}],
      ["after it", "stuck later", {}],
      ["while it is gathered", "stuck later", { accept: "application/json" }],
    ] as const)("return() comes in the middle of next(), %s", async (where, kind, headers) => {
      const key = `stuck ${where}`;
      const leaving = new AbortController();
      const pending = predict(target(), { do: "stream", kind, key }, { signal: leaving.signal, headers }).then(
        (response) => response.text(),
      );
      const failed = pending.catch((error: unknown) => error);
      await noted(target(), `${key}:stuck`);
      leaving.abort();
      await noted(target(), `${key}:return`);
      void failed;
    });
  });
}

/** The number once it stands still, or too large for it to matter. */
async function settledNumber(target: Target, key: string): Promise<number> {
  let last = await readNumber(target, key);
  for (;;) {
    await pause(100);
    const now = await readNumber(target, key);
    if (now === last || now * itemBytes > boundBytes) return now;
    last = now;
  }
}
