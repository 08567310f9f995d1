import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { errorShapes, families, faultOf, listNotes, note, noted, post, predict, readAll } from "../support/calls.ts";
import { anthropicFor, openaiFor } from "../support/clients.ts";
import type { Abilities, Open, Target } from "../support/target.ts";

/** More requests than may run and wait; and those that take too long. */
export function defineAdmission(open: Open, { sockets }: Abilities): void {
  describe("max_queue", () => {
    const config = "model_name: full\nruntime: { predict_concurrency: 1, max_queue: 1 }\n";
    const target = opened(open, config);

    it.each(families)("over it %s is 429 in its family's shape, and tells when to come again", async (path, family) => {
      const key = `full ${path}`;
      const running = hold(target(), key);
      await noted(target(), `${key}:start`);
      const waiting = await queue(target(), `${key} next`);
      const response = await post(target(), path, { do: "hold", key: `${key} never` });
      expect(response.status).toBe(429);
      expect(faultOf(response)).toBe("600");
      const seconds = response.headers.get("retry-after") ?? "";
      expect(seconds).toMatch(/^\d+$/);
      expect(Number(seconds)).toBeGreaterThanOrEqual(1);
      expect(Number(seconds)).toBeLessThanOrEqual(30);
      const body = (await response.json()) as { error: { type?: string } };
      expect(body).toEqual(errorShapes[family](expect.stringContaining("busy")));
      expect(body.error.type).toBe(family === "json" ? undefined : "rate_limit_error");
      await note(target(), `${key}:go`);
      await note(target(), `${key} next:go`);
      expect([(await running).status, (await waiting.response).status]).toEqual([200, 200]);
      expect(await listNotes(target())).not.toContain(`${key} never:start`);
    });

    it("a client that leaves the queue frees its place at once", async () => {
      const running = hold(target(), "leavers");
      await noted(target(), "leavers:start");
      const leaver = await queue(target(), "leaver");
      leaver.leave();
      const next = await queue(target(), "after-leaver");
      await note(target(), "leavers:go");
      await note(target(), "after-leaver:go");
      expect([(await running).status, (await next.response).status]).toEqual([200, 200]);
      expect(await listNotes(target())).not.toContain("leaver:start");
    });

    it("the OpenAI and Anthropic clients succeed with their own retry", async () => {
      const running = hold(target(), "retried");
      await noted(target(), "retried:start");
      const waiting = await queue(target(), "retried next");
      const openai = watched(target());
      const anthropic = watched(target());
      const asked = { model: "m", messages: [{ role: "user" as const, content: "hi" }] };
      const both = Promise.all([
        openaiFor(openai.target, 2).chat.completions.create(asked),
        anthropicFor(anthropic.target, 2).messages.create({ ...asked, max_tokens: 1 }),
      ]);
      await Promise.all([openai.refused, anthropic.refused]);
      await note(target(), "retried:go");
      await note(target(), "retried next:go");
      const [completion, message] = await both;
      expect([completion, message]).toMatchObject([asked, asked]);
      expect([(await running).status, (await waiting.response).status]).toEqual([200, 200]);
    });

    it.runIf(sockets)("a WebSocket holds a place, and is refused with 429 where none is free", async () => {
      const url = `${target().url.replace("http", "ws")}/v1/websocket`;
      const holder = new WebSocket(`${url}?do=holder`);
      await noted(target(), "socket:holder");
      const waiting = await queue(target(), "behind a socket");
      const refused = new WebSocket(`${url}?do=refused`).on("error", () => undefined);
      const [, answer] = (await once(refused, "unexpected-response")) as [unknown, IncomingMessage];
      expect(answer.statusCode).toBe(429);
      expect(answer.headers["retry-after"]).toMatch(/^[1-9]\d?$/);
      answer.resume();
      holder.terminate();
      await note(target(), "behind a socket:go");
      expect((await waiting.response).status).toBe(200);
      expect(await listNotes(target())).not.toContain("socket:refused");
    });
  });

  defineTimes(open);
}

function defineTimes(open: Open): void {
  describe("queue_timeout and request_timeout", () => {
    const config = "model_name: timed\nruntime: { predict_concurrency: 1, queue_timeout: 0.4, request_timeout: 0.6 }\n";
    const target = opened(open, config);
    const free = async () => expect((await retried(() => predict(target(), 1))).status).toBe(200);

    it("who has waited too long is 429; who takes too long is 504, and has its slot until it has ended", async () => {
      const running = hold(target(), "long");
      await noted(target(), "long:start");
      const refused = await predict(target(), 1);
      expect(refused.status).toBe(429);
      expect(refused.headers.get("retry-after")).toMatch(/^[1-9]\d?$/);
      const late = await running;
      expect(late.status).toBe(504);
      expect(await late.json()).toEqual({ error: expect.stringContaining("runtime.request_timeout") });
      // The method has not looked at its signal: it still runs.
      expect((await predict(target(), 1)).status).toBe(429);
      await note(target(), "long:go");
      await noted(target(), "long:end");
      await free();
    });

    it.each(families)("%s is 504 in its family's shape, and request.signal aborts", async (path, family) => {
      const key = `aborted ${path}`;
      const response = await post(target(), path, { do: "until-abort", key });
      expect(response.status).toBe(504);
      const body = (await response.json()) as { error: { type?: string } };
      expect(body).toEqual(errorShapes[family](expect.stringContaining("0.6 s")));
      expect(body.error.type).toBe({ json: undefined, openai: "server_error", anthropic: "timeout_error" }[family]);
      await noted(target(), `${key}:aborted`);
      await free();
    });

    it.each([
      ["/v1/chat/completions", "openai", "data: "],
      ["/v1/responses", "openai", "event: response.failed"],
      ["/v1/messages", "anthropic", "event: error"],
    ] as const)("a stream of %s that has begun ends with an error in its own form", async (path, _family, sign) => {
      const key = `streamed ${path}`;
      const response = await post(target(), path, { do: "stream", kind: "ticking", key });
      expect(response.status).toBe(200);
      const { text } = await readAll(response);
      expect(text).toContain(`${sign}`);
      expect(text).toContain("runtime.request_timeout");
      expect(text).not.toContain("[DONE]");
      await noted(target(), `${key}:finally:true`);
      await free();
    });

    it.each([
      ["plain text", { do: "stream", kind: "endless", key: "endless-timed" }],
      ["a Response", { do: "return", kind: "response endless" }],
    ])("%s is cut off", async (_what, order) => {
      const response = await predict(target(), order);
      expect(response.status).toBe(200);
      expect((await readAll(response)).broken).toBe(true);
      await free();
    });

    it("a stream that is gathered is a 504", async () => {
      const order = { do: "stream", kind: "endless", key: "gathered-timed" };
      const response = await predict(target(), order, { headers: { accept: "application/json" } });
      expect(response.status).toBe(504);
      await noted(target(), "gathered-timed:finally:true");
      await free();
    });

    it("a stream before its first item is a 504", async () => {
      // Its sign of life, and with that its head, would be due later.
      const init = { headers: { accept: "text/event-stream" } };
      const response = await predict(target(), { do: "stream", kind: "unstarted", key: "unstarted-timed" }, init);
      expect(response.status).toBe(504);
      expect((await readAll(response)).text).toContain("runtime.request_timeout");
      await noted(target(), "unstarted-timed:finally:true");
      await free();
    });
  });
}

function hold(target: Target, key: string): Promise<Response> {
  return predict(target, { do: "hold", key });
}

/** One more request, which waits for its turn. Who is refused comes again: a place is free once its client is gone. */
async function queue(target: Target, key: string): Promise<{ response: Promise<Response>; leave: () => void }> {
  const leaving = new AbortController();
  for (let round = 0; ; round += 1) {
    const came = `${key}:came${round}`;
    const response = predict(target, { do: "hold", key, came }, { signal: leaving.signal });
    response.catch(() => undefined);
    await noted(target, came);
    // It waits or was refused by now, and the refusal is on its way.
    const refused = await Promise.race([response.then(({ status }) => status === 429), asked(target)]);
    if (!refused) return { response, leave: () => leaving.abort() };
  }
}

async function asked(target: Target): Promise<false> {
  for (let round = 0; round < 5; round += 1) await listNotes(target);
  return false;
}

async function retried(send: () => Promise<Response>): Promise<Response> {
  let response = await send();
  for (let round = 0; round < 50 && response.status === 429; round += 1) response = await send();
  return response;
}

/** The same target; tells when a request was refused. */
function watched(target: Target): { target: Target; refused: Promise<void> } {
  let tell: () => void = () => undefined;
  const refused = new Promise<void>((resolve) => (tell = resolve));
  const fetch: Target["fetch"] = async (path, init) => {
    const response = await target.fetch(path, init);
    if (response.status === 429) tell();
    return response;
  };
  return { target: { ...target, url: target.url, fetch }, refused };
}

function opened(open: Open, config: string): () => Target {
  let target: Target | undefined;
  beforeAll(async () => void (target = await open("everything", { config })));
  afterAll(() => target?.close());
  return () => {
    if (target === undefined) throw new Error("not open");
    return target;
  };
}
