import { expect, it, vi } from "vitest";
import { createProject, patience, startDev } from "./dev-server.ts";

const model = `import { setTimeout as delay } from "node:timers/promises";
export class Model {
  async predict(input: { block?: number; wait?: number }) {
    if (input.wait) await delay(input.wait);
    if (input.block) this.compute(input.block);
    return "done";
  }
  private compute(ms: number) {
    const end = performance.now() + ms;
    while (performance.now() < end);
  }
}
`;
const told = /! the event loop was blocked for (\d+) ms([^\n]*)\n/g;

it("a handler that blocks the event loop is warned of once, with its request and its place", async () => {
  const project = createProject({ "model/model.ts": model });
  const dev = startDev(project);
  expect((await dev.predict({ wait: 300 })).status).toBe(200);
  expect((await dev.predict({ block: 600, wait: 1 })).status).toBe(200);
  await vi.waitFor(() => expect(dev.stderr).toMatch(told), patience);
  const [, ms, during] = [...dev.stderr.matchAll(told)][0] ?? [];
  expect(Number(ms)).toBeGreaterThan(400);
  expect(during).toMatch(/^ in POST \/predict \([\w-]+\)$/);
  await vi.waitFor(
    () =>
      expect(dev.stderr).toMatch(
        /model\/model\.ts:(?:9|10):[^]*at Model\.compute[^]*at Model\.predict[^]*worker thread/,
      ),
    patience,
  );
  expect((await dev.predict({ block: 600 })).status).toBe(200);
  expect((await dev.predict()).status).toBe(200);
  expect([...dev.stderr.matchAll(told)]).toHaveLength(1);
  expect(dev.events.map(({ event }) => event)).not.toContain("loop_blocked");
});

it("what waits, and what computes before the model is ready, is not warned of", async () => {
  const project = createProject({
    "model/model.ts": model.replace("async predict", "load() { this.compute(600); }\n  async predict"),
  });
  const dev = startDev(project);
  expect((await dev.predict({ wait: 600 })).status).toBe(200);
  expect((await dev.predict({ block: 600 })).status).toBe(200);
  await vi.waitFor(() => expect(dev.stderr).toMatch(told), patience);
  expect([...dev.stderr.matchAll(told)]).toHaveLength(1);
});
