import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chunksOf, listNotes, note, noted, post, predict } from "../support/calls.ts";
import type { Open, Target } from "../support/target.ts";

const paths = [
  "/predict",
  "/v1/chat/completions",
  "/v1/completions",
  "/v1/embeddings",
  "/v1/responses",
  "/v1/messages",
];

export function defineConcurrency(open: Open): void {
  describe("without a bound", () => {
    const target = limited(open, "model_name: free\n");

    it("many requests run at once", async () => {
      const running = Array.from({ length: 20 }, (_, index) => hold(target(), `free${index}`));
      for (let index = 0; index < 20; index += 1) await noted(target(), `free${index}:start`);
      for (let index = 0; index < 20; index += 1) await note(target(), `free${index}:go`);
      expect((await Promise.all(running)).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    });
  });

  describe("predict_concurrency: 2", () => {
    const target = limited(open, "model_name: two\nruntime: { predict_concurrency: 2 }\n");

    it("T132 two run, the third waits", async () => {
      const running = ["a", "b", "c"].map((key) => hold(target(), key));
      await Promise.race([noted(target(), "a:start"), noted(target(), "b:start"), noted(target(), "c:start")]);
      await expect.poll(async () => started(await listNotes(target()))).toHaveLength(2);
      const [first = ""] = started(await listNotes(target()));
      await note(target(), `${first}:go`);
      await expect.poll(async () => started(await listNotes(target()))).toHaveLength(3);
      for (const key of ["a", "b", "c"]) await note(target(), `${key}:go`);
      expect((await Promise.all(running)).every(({ status }) => status === 200)).toBe(true);
      const order = await listNotes(target());
      expect(order.indexOf(`${first}:end`)).toBeLessThan(order.indexOf(`${started(order)[2]}:start`));
    });
  });

  describe("predict_concurrency: 1", () => {
    const target = limited(open, "model_name: one\nruntime: { predict_concurrency: 1 }\n");

    it("T131 T135 T136 one at a time over all endpoints, first come first served", async () => {
      const holder = hold(target(), "first");
      await noted(target(), "first:start");
      const waiting: Promise<Response>[] = [];
      for (const [index, path] of [...paths, ...paths].entries()) {
        waiting.push(hold(target(), `turn${index}`, path));
        await note(target(), `turn${index}:go`);
        await arrived(target());
      }
      expect(started(await listNotes(target()))).toEqual(["first"]);
      await note(target(), "first:go");
      expect((await Promise.all([holder, ...waiting])).every(({ status }) => status === 200)).toBe(true);
      const order = (await listNotes(target())).filter((text) => text.startsWith("turn") && !text.endsWith(":go"));
      expect(order).toEqual(waiting.flatMap((_, index) => [`turn${index}:start`, `turn${index}:end`]));
    });

    it("T114 T115 a stream holds its slot until its generator has ended", async () => {
      const chunks = chunksOf(await predict(target(), { do: "stream", kind: "stepwise", key: "held" }));
      expect(await chunks.next()).toBe("first");
      const next = hold(target(), "after-stream", "/v1/messages");
      await note(target(), "after-stream:go");
      await arrived(target());
      expect(await listNotes(target())).not.toContain("after-stream:start");
      await note(target(), "held:go");
      expect(await chunks.next()).toBe("last");
      expect(await chunks.next()).toBeUndefined();
      expect((await next).status).toBe(200);
    });

    it("T116 a stream that lost its client holds its slot until its finally is done", async () => {
      const leaving = new AbortController();
      const order = { do: "stream", kind: "slow end", key: "slow" };
      const chunks = chunksOf(await predict(target(), order, { signal: leaving.signal }));
      await chunks.next();
      const next = hold(target(), "after-slow");
      await note(target(), "after-slow:go");
      leaving.abort();
      chunks.leave();
      await noted(target(), "slow:ending");
      expect(await listNotes(target())).not.toContain("after-slow:start");
      await note(target(), "slow:go");
      expect((await next).status).toBe(200);
      const notes = await listNotes(target());
      expect(notes.indexOf("slow:end")).toBeLessThan(notes.indexOf("after-slow:start"));
    });

    it("T137 a queued request whose client left is never run", async () => {
      const holder = hold(target(), "busy");
      await noted(target(), "busy:start");
      const leaving = new AbortController();
      const left = post(target(), "/predict", { do: "hold", key: "never" }, { signal: leaving.signal });
      const gone = left.catch((error: unknown) => error);
      await arrived(target());
      const last = hold(target(), "last");
      await note(target(), "last:go");
      leaving.abort();
      await gone;
      await arrived(target());
      await note(target(), "busy:go");
      expect((await holder).status).toBe(200);
      expect((await last).status).toBe(200);
      expect(await listNotes(target())).not.toContain("never:start");
    });

    it.each(["fails first", "fails later", "objects fail", "unserialisable"])(
      "a stream that fails (%s) gives its slot back",
      async (kind) => {
        const response = await predict(target(), { do: "stream", kind });
        await response.text().catch(() => undefined);
        expect((await predict(target(), 1)).status).toBe(200);
      },
    );

    it.each(["response events", "response fails", "response used", "response 204", "bigint"])(
      "%s gives its slot back",
      async (kind) => {
        const response = await predict(target(), { do: "return", kind });
        await response.text().catch(() => undefined);
        expect((await predict(target(), 1)).status).toBe(200);
      },
    );

    it("a Response whose reader left gives its slot back", async () => {
      const leaving = new AbortController();
      const response = await predict(target(), { do: "return", kind: "response events" }, { signal: leaving.signal });
      leaving.abort();
      await response.text().catch(() => undefined);
      expect((await predict(target(), 1)).status).toBe(200);
    });

    it("T139 probes answer while a request holds the slot", async () => {
      const holder = hold(target(), "probed");
      await noted(target(), "probed:start");
      for (const path of ["/", "/v1/models/model", "/ping"]) expect((await target().fetch(path)).status).toBe(200);
      await note(target(), "probed:go");
      await holder;
    });
  });

  definePipeline(open);
}

function definePipeline(open: Open): void {
  describe("preprocess and postprocess", () => {
    let target: Target;
    beforeAll(async () => void (target = await open("pipeline")));
    afterAll(() => target?.close());
    const answer = async (body: unknown) => {
      const response = await predict(target, body);
      return response.ok ? response.json() : response.status;
    };

    it("T98 each gets what the one before returned", async () => {
      expect(await answer({ a: 1 })).toEqual({ a: 1, pre: true, predict: true, post: true });
    });

    it("T99 a generator of preprocess is handed to predict", async () => {
      expect(await answer({ generator: true })).toEqual([1, 2, 3]);
    });

    it("T100 a stream or a Response of predict cannot be postprocessed", async () => {
      expect(await answer({ stream: true })).toBe(500);
      expect(await answer({ response: true })).toBe(500);
    });

    it("T123 a throw in either is a 500", async () => {
      expect(await answer({ fail: "preprocess" })).toBe(500);
      expect(await answer({ fail: "postprocess" })).toBe(500);
    });

    it("T118 a generator of postprocess streams, and is gathered by the same rule", async () => {
      const order = { stream_after: true };
      expect(await (await predict(target, order)).text()).toBe("streamed after");
      const gathered = await predict(target, order, { headers: { accept: "application/json" } });
      expect(await gathered.json()).toBe("streamed after");
    });
  });
}

function limited(open: Open, config: string): () => Target {
  let target: Target | undefined;
  beforeAll(async () => void (target = await open("everything", { config })));
  afterAll(() => target?.close());
  return () => {
    if (target === undefined) throw new Error("not open");
    return target;
  };
}

function hold(target: Target, key: string, path = "/predict"): Promise<Response> {
  return post(target, path, { do: "hold", key });
}

/** What was sent before this has reached the model: probes and control share no queue with it, so ask a few times. */
async function arrived(target: Target): Promise<void> {
  for (let round = 0; round < 3; round += 1) await listNotes(target);
}

function started(notes: readonly string[]): string[] {
  return notes.filter((text) => text.endsWith(":start")).map((text) => text.slice(0, -":start".length));
}
