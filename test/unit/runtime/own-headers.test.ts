import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HttpError } from "../../../src/errors.ts";
import { type OpenedServer, bytesOf, openModelServer } from "./model-server.ts";

const made: Record<string, () => unknown> = {
  "Response.error()": () => Response.error(),
  "a status below 200": () => new Response(null, { status: 199 }),
  "a header with a line break": () => new Response("x", { headers: { "x-a": "b\r\nx-c: d" } }),
  "a header without a name": () => new Response("x", { headers: { "": "b" } }),
  "a stream of what JSON cannot hold": () => [{ n: 1 }, { n: 2n }].values(),
  "an answer that JSON cannot hold": () => 1n,
};

let model: OpenedServer;
beforeEach(async () => {
  model = await openModelServer(
    class {
      predict({
        make,
        headers,
        body,
        status = 200,
      }: {
        make?: string;
        headers?: Record<string, string>;
        body?: string;
        status?: number;
      }) {
        if (make !== undefined) return made[make]?.();
        return new Response(body ?? null, { headers: headers ?? {}, status });
      }
      chat_completions({ headers }: { headers: Record<string, string> }) {
        throw new HttpError(429, "busy", { headers });
      }
    },
    { concurrency: 1 },
  );
});
afterEach(() => model.close());

const ask = (path: string, body: unknown) =>
  model.ask(
    bytesOf(
      "POST",
      path,
      JSON.stringify(body),
      "Connection: close",
      "Content-Type: application/json",
      "Accept: application/json",
    ),
  );

describe("what a model answers with", () => {
  it.each(Object.keys(made))("%s is a hidden 500, and gives the slot back", async (make) => {
    const answer = await ask("/predict", { make });
    expect(answer).toMatch(/^HTTP\/1\.1 500 [^]*content-type: application\/json\r\n/);
    expect(answer).toMatch(/\r\n\r\n\{"error":"Internal Server Error \(in model\/chainlet\)\."\}$/);
    expect(await ask("/predict", { body: "fine" })).toMatch(/^HTTP\/1\.1 200 [^]*fine/);
  });

  it("headers of the connection and a wrong length are not sent", async () => {
    const headers = {
      "Content-Length": "3",
      "Transfer-Encoding": "gzip",
      Connection: "keep-alive",
      "Keep-Alive": "timeout=1000",
      Trailer: "x",
      TE: "trailers",
      Upgrade: "h2c",
      "X-Mine": "stays",
      "Content-Encoding": "identity",
    };
    for (const body of ["longer than that", undefined]) {
      const answer = await ask("/predict", { headers, body });
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).toMatch(/x-mine: stays\r\n/);
      expect(answer).toMatch(/content-encoding: identity\r\n/);
      expect(answer).not.toMatch(/^(content-length: 3|keep-alive|trailer|te|upgrade|transfer-encoding: gzip)/im);
      expect(answer.match(/^connection: .*$/gim)).toEqual([expect.stringMatching(/close/)]);
      if (body !== undefined) expect(answer).toContain(body);
    }
  });

  it("illegal headers of an HttpError are left out, the others sent", async () => {
    const headers = { "X-Split": "a\r\nx-injected: 1", "": "x", "Content-Length": "1", "Retry-After": "7" };
    const answer = await ask("/v1/chat/completions", { headers });
    expect(answer).toMatch(/^HTTP\/1\.1 429 [^]*retry-after: 7\r\n/i);
    expect(answer).not.toContain("injected");
    expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")))).toMatchObject({ error: { message: "busy" } });
  });

  it("an HttpError's own content type takes the place of ours", async () => {
    const answer = await ask("/v1/chat/completions", { headers: { "Content-Type": "application/problem+json" } });
    expect(answer.match(/^content-type: .*$/gim)).toEqual(["content-type: application/problem+json"]);
  });
});
