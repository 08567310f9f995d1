import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chunksOf, errorShapes, note, post } from "../support/calls.ts";
import type { Open, Target } from "../support/target.ts";

const config = "model_name: silent\nruntime: { streaming_keep_alive: 0.1 }\n";
const comment = ": keep-alive\n\n";
const ping = 'event: ping\ndata: {"type":"ping"}\n\n';

export function defineKeepAlive(open: Open): void {
  describe("runtime.streaming_keep_alive", () => {
    let target: Target;
    beforeAll(async () => void (target = await open("everything", { config })));
    afterAll(() => target?.close());

    it.each([
      ["/v1/chat/completions", comment, (type: string) => `data: {"type":"${type}"}\n\n`],
      ["/v1/completions", comment, (type: string) => `data: {"type":"${type}"}\n\n`],
      ["/v1/responses", comment, named],
      ["/v1/messages", ping, named],
      ["/predict", comment, (type: string) => `data: {"type":"${type}"}\n\n`],
    ])("a silent stream of %s says that it lives, before its first item and after", async (path, sign, event) => {
      const order = { do: "stream", kind: "late events", key: `alive ${path}` };
      const response = await post(target, path, order, { headers: { accept: "text/event-stream" } });
      expect(response.status).toBe(200);
      const text = readText(response);
      await text.until((all) => all.startsWith(sign + sign));
      await note(target, `alive ${path}:go`);
      const first = event("one");
      await text.until((all) => all.includes(first + sign + sign));
      await note(target, `alive ${path}:on`);
      await text.until((all) => all.includes(event("two")));
      // Nothing but the events and whole signs.
      expect((await text.rest()).replaceAll(sign, "").replace("data: [DONE]\n\n", "")).toBe(first + event("two"));
    });

    it("a stream whose form has no such sign shows its head", async () => {
      const response = await post(target, "/predict", { do: "stream", kind: "late", key: "mute" });
      expect(response.status).toBe(200);
      await note(target, "mute:go");
      expect(await response.text()).toBe("late");
    });
  });

  describe("a stream that is slow to begin", () => {
    let target: Target;
    beforeAll(async () => void (target = await open("everything")));
    afterAll(() => target?.close());

    it.each([
      ["/v1/chat/completions", "openai"],
      ["/v1/messages", "anthropic"],
    ] as const)("still gets its status when it fails before its first item, at %s", async (path, family) => {
      const response = await post(target, path, { do: "stream", kind: "refuses slowly" });
      expect(response.status).toBe(422);
      expect(await response.json()).toEqual(errorShapes[family]("no such voice"));
    });
  });
}

function named(type: string): string {
  return `event: ${type}\ndata: {"type":"${type}"}\n\n`;
}

/** The text of a stream as it comes. */
function readText(response: Response) {
  const chunks = chunksOf(response);
  let all = "";
  return {
    async until(fits: (all: string) => boolean) {
      while (!fits(all)) {
        const chunk = await chunks.next();
        if (chunk === undefined) throw new Error(`the stream ended after ${JSON.stringify(all)}`);
        all += chunk;
      }
    },
    async rest() {
      for (let chunk = await chunks.next(); chunk !== undefined; chunk = await chunks.next()) all += chunk;
      return all;
    },
  };
}
