import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type OpenedServer, bytesOf, openModelServer } from "./model-server.ts";
import { unshowables } from "./unshowables.ts";

let model: OpenedServer;
beforeEach(async () => {
  const find = (name: unknown) => unshowables.find(([what]) => what === name)?.[1]();
  model = await openModelServer(
    class {
      predict({ later, name }: { later?: boolean; name?: string }) {
        if (name === undefined) return "fine";
        if (later !== true) throw find(name);
        return (async function* () {
          yield "part";
          throw find(name);
        })();
      }
    },
    { concurrency: 1 },
  );
});
afterEach(() => model.close());

const ask = (body: unknown) =>
  model.ask(bytesOf("POST", "/predict", JSON.stringify(body), "Connection: close", "Content-Type: application/json"));

describe.each(unshowables.map(([name]) => name))("thrown: %s", (name) => {
  it("is a hidden 500, and gives the slot back", async () => {
    const answer = await ask({ name });
    expect(answer).toMatch(/^HTTP\/1\.1 500 [^]*"Internal Server Error \(in model\/chainlet\)\."\}$/);
    expect(await ask({})).toContain("fine");
  });

  it("in a stream cuts it, and gives the slot back", async () => {
    const answer = await ask({ name, later: true });
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).not.toMatch(/0\r\n\r\n$/);
    expect(await ask({})).toContain("fine");
    await vi.waitUntil(() => model.server.inFlight === 0);
  });
});
