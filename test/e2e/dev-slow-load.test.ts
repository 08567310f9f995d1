import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, it, vi } from "vitest";
import { createProject, modelOf, patience, startDev } from "./dev-server.ts";

const model = "model/model.ts";
const endless = modelOf(0, "  load() { return new Promise(() => setInterval(() => {}, 1000)); }\n");

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

it("a first load that does not end is told of; requests wait for it, up to a bound, and then may come again", async () => {
  const project = createProject({ [model]: endless });
  const port = await findFreePort();
  const dev = startDev(project, ["--port", String(port)]);
  const ask = () => fetch(`http://127.0.0.1:${port}/predict`, { method: "POST", body: "{}" });
  const early = await vi.waitFor(async () => {
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    return [performance.now(), ask()] as const;
  }, patience);
  await dev.told(/load\(\) has been running for 10 s \(requests wait for it; an edit, or r, starts anew\)/);
  const answer = await early[1];
  expect(performance.now() - early[0]).toBeGreaterThan(25_000);
  expect(answer.status).toBe(503);
  expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
  const held = ask();
  project.save(model, modelOf("mended"));
  expect((await held).status).toBe(200);
});

it("a later one is told of as well, while the last good model serves", async () => {
  const project = createProject({ [model]: modelOf("good") });
  const dev = startDev(project);
  await dev.answers("good");
  project.save(model, endless);
  await dev.told(/load\(\) has been running for 10 s \(the last good model goes on serving/);
  await dev.answers("good");
  project.save(model, modelOf("mended"));
  await dev.answers("mended");
});
