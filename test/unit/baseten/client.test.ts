import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type ApiRequest, createClient } from "../../../src/baseten/client.ts";
import type { Clock } from "../../../src/baseten/patience.ts";
import { createSecret } from "../../../src/baseten/secret.ts";
import { type TrussError, isTrussError } from "../../../src/errors.ts";

const key = "canary-key-0123456789";
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

type Handler = (request: IncomingMessage, response: ServerResponse, times: number) => void;

/** A server that answers as told, a client of it whose waits take no time, and what both saw. */
async function setUp(handler: Handler, options: { signal?: AbortSignal } = {}) {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    request.resume();
    handler(request, response, seen.push(request));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const { clock, waits } = createClock();
  const base = `http://127.0.0.1:${port}`;
  const env = { BASETEN_MANAGEMENT_API_URL_OVERRIDE: base };
  const client = createClient({ credentials: holderOf(key), env, clock, ...options });
  return { client, seen, waits, base };
}

function holderOf(value: string) {
  return { key: createSecret(value), from: "BASETEN_API_KEY", remoteUrl: "https://app.baseten.co" };
}

function createClock() {
  let time = 0;
  const waits: number[] = [];
  const clock: Clock = {
    now: () => time,
    sleep: async (ms) => {
      waits.push(ms);
      time += ms;
    },
  };
  return { clock, waits };
}

function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

async function failureOf(work: Promise<unknown>): Promise<TrussError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isTrussError(error)) throw new Error(`expected a TrussError, got ${String(error)}`);
  expect(JSON.stringify([error, error.message, error.stack, error.hint, error.cause, error.details])).not.toContain(
    key,
  );
  return error;
}

const read: ApiRequest = { method: "GET", path: "/v1/models", query: new URLSearchParams({ name: "a b" }) };
const commit: ApiRequest = { method: "POST", path: "/v1/models", body: { source: {} }, repeat: "never" };

describe("a request", () => {
  test("carries the key as Bearer, our name, JSON, and nothing that lives on", async () => {
    const { client, seen } = await setUp((_request, response) => answer(response, 200, { models: [] }));
    expect(await client.request(read)).toEqual({ models: [] });
    await client.request(commit);
    expect(seen[0]?.url).toBe("/v1/models?name=a+b");
    expect(seen[0]?.headers).toMatchObject({ authorization: `Bearer ${key}`, connection: "close" });
    expect(seen[0]?.headers["user-agent"]).toMatch(/^truss-ts\/\d+\.\d+\.\d+ \(Node\/\d+\.\d+\.\d+; \w+\)$/);
    expect(seen[1]?.headers["content-type"]).toBe("application/json");
  });

  test("is not sent with a key that would break the header", () => {
    expect(() => createClient({ credentials: holderOf(`${key}\n`), env: {} })).toThrow(/line breaks/);
  });
});

describe("a refusal", () => {
  test.each([
    [400, { message: "bad config" }, "API_REFUSED", 5, "bad config"],
    [401, { error: "no such key" }, "AUTH_REFUSED", 3, "no such key"],
    [403, { message: `key ${key} may not` }, "AUTH_REFUSED", 3, "key *** may not"],
    [404, { detail: "no model" }, "API_NOT_FOUND", 4, "no model"],
    [409, { error: { message: "in the way", code: "CONFLICT" } }, "API_REFUSED", 5, "in the way"],
    [422, { detail: [{ loc: ["body", "config"], msg: "extra key" }] }, "API_REFUSED", 5, "body.config: extra key"],
    [400, "plain words", "API_REFUSED", 5, "plain words"],
    [400, "<html><h1>page</h1></html>", "API_REFUSED", 5, "Bad Request"],
    [500, { message: "oops" }, "API_FAILED", 6, "oops"],
  ] as const)("with %i tells what the platform says", async (status, body, code, exitCode, words) => {
    const { client, seen } = await setUp((_request, response) => answer(response, status, body));
    const error = await failureOf(client.request(commit));
    expect(error).toMatchObject({ code, exitCode, details: { status_code: status } });
    expect(error.message).toContain(`(${status}): ${words}`);
    expect(seen).toHaveLength(1);
  });

  test("by a redirect is not followed, since the key would go along", async () => {
    const other = await setUp((_request, response) => answer(response, 200, {}));
    const { client, base } = await setUp((_request, response) =>
      answer(response, 302, "", { location: `${other.base}/x` }),
    );
    const error = await failureOf(client.request(read));
    expect(error).toMatchObject({ code: "API_FAILED", exitCode: 6 });
    expect(error.message).toContain(new URL(other.base).host);
    expect(base).not.toBe(other.base);
    expect(other.seen).toHaveLength(0);
  });

  test.each([["<html>hello</html>"], ["{"], [""], ["[1]"], ["null"]])("is what a 200 with %j is", async (body) => {
    const { client, seen } = await setUp((_request, response) => answer(response, 200, body));
    expect(await failureOf(client.request(read))).toMatchObject({ code: "API_FAILED", exitCode: 6 });
    expect(seen).toHaveLength(1);
  });

  test("is what a body without end is", async () => {
    const { client } = await setUp((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const piece = Buffer.alloc(1024 * 1024, " ");
      const go = () => {
        while (!response.destroyed && response.write(piece));
        if (!response.destroyed) response.once("drain", go);
      };
      go();
    });
    expect((await failureOf(client.request(read))).message).toContain("more than 32 MiB");
  });
});

describe("a read is tried again", () => {
  test.each([500, 502, 503, 504])("after a %i", async (status) => {
    const { client, seen, waits } = await setUp((_request, response, times) =>
      times < 3 ? answer(response, status, {}) : answer(response, 200, { ok: true }),
    );
    expect(await client.request(read)).toEqual({ ok: true });
    expect(seen).toHaveLength(3);
    expect(waits).toHaveLength(2);
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0);
  });

  test.each([
    ["the body", { retry_after: 7 }, {}],
    ["the header", {}, { "retry-after": "7" }],
  ])("after a 429, when %s says", async (_where, body, headers) => {
    const { client, waits } = await setUp((_request, response, times) =>
      times < 2 ? answer(response, 429, body, headers) : answer(response, 200, {}),
    );
    await client.request(read);
    expect(waits).toEqual([7000]);
  });

  test("but not for ever, nor as late as a 429 may ask", async () => {
    const always = await setUp((_request, response) => answer(response, 503, {}));
    expect(await failureOf(always.client.request(read))).toMatchObject({ code: "API_FAILED", exitCode: 6 });
    expect(always.waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(8_000);
    const late = await setUp((_request, response) => answer(response, 429, { retry_after: 3600 }));
    expect(await failureOf(late.client.request(read))).toMatchObject({ code: "API_REFUSED", exitCode: 5 });
    expect(late.waits).toEqual([]);
  });

  test.each<[string, Handler]>([
    ["before the answer", (request) => request.socket.destroy()],
    [
      "within the body",
      (_request, response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write("{", () => response.destroy());
      },
    ],
  ])("when the connection breaks %s; a commit is not", async (_when, breaking) => {
    const handler: Handler = (request, response, times) =>
      times % 2 === 1 ? breaking(request, response, times) : answer(response, 200, { ok: true });
    const { client, seen } = await setUp(handler);
    expect(await client.request(read)).toEqual({ ok: true });
    expect(seen).toHaveLength(2);
    expect(await failureOf(client.request(commit))).toMatchObject({ code: "NETWORK_FAILED", exitCode: 1, sent: true });
    expect(seen).toHaveLength(3);
  });

  test.each([429, 500, 503])("and a commit is not after a %i", async (status) => {
    const { client, seen } = await setUp((_request, response) => answer(response, status, { retry_after: 0 }));
    await failureOf(client.request(commit));
    expect(seen).toHaveLength(1);
  });
});

describe("without a server", () => {
  test("it is said that nothing was sent", async () => {
    const server = createTcpServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const env = { BASETEN_MANAGEMENT_API_URL_OVERRIDE: `http://127.0.0.1:${port}` };
    const client = createClient({ credentials: holderOf(key), env, clock: createClock().clock });
    const error = await failureOf(client.request(commit));
    expect(error).toMatchObject({ code: "NETWORK_FAILED", exitCode: 1, sent: false });
    expect(error.message).toContain("ECONNREFUSED");
  });

  test("an abort ends a request with its own reason", async () => {
    const stop = new AbortController();
    const { client } = await setUp(() => stop.abort(new Error("stopped")), { signal: stop.signal });
    await expect(client.request(read)).rejects.toThrow("stopped");
  });
});
