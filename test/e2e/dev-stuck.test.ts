import { expect, it, vi } from "vitest";
import { createProject, isRunning, modelOf, patience, startDev } from "./dev-server.ts";

const model = "model/model.ts";
const spin = "function spin() {\n  console.log(`spinning ${process.pid}.`);\n  let n = 0;\n  for (;;) n += 1;\n}\n";
const pidIn = (text: string) => Number(/spinning (\d+)\./.exec(text)?.[1]);

it.each([
  ["the module", `${spin}spin();\n${modelOf(0)}`, /at spin \(model\/model\.ts:4:/],
  ["the constructor", spin + modelOf(0, "  constructor() { spin(); }\n"), /at Model \(model\/model\.ts:8:/],
  [
    "load",
    spin + modelOf(0, "  async load() {\n    await null;\n    spin();\n  }\n"),
    /at load \(model\/model\.ts:10:/,
  ],
])(
  "an endless loop in %s is told of with its place; the last good model serves, an edit ends it",
  async (_, loop, at) => {
    const project = createProject({ [model]: modelOf("good") });
    const dev = startDev(project);
    await dev.answers("good");
    project.save(model, loop);
    await dev.told(
      /MODEL_STUCK {2}the model has been busy for \d+ s[^]*❯ 4 │[^]*→ [^\n]+[^]*an edit or r replaces it\n/,
    );
    await dev.told(at);
    expect(await dev.predict()).toEqual({ status: 200, body: "good" });
    project.save(model, modelOf("mended"));
    await dev.answers("mended");
    await vi.waitFor(() => expect(isRunning(pidIn(dev.stderr))).toBe(false), patience);
  },
);

it("an endless loop in a handler is told of with its place, another process takes over, and an edit ends it", async () => {
  const source = `${spin}export class Model {\n  predict(input: any) {\n    if (input.spin) spin();\n    return process.pid;\n  }\n}\n`;
  const project = createProject({ [model]: source });
  const dev = startDev(project);
  const { body: pid } = await dev.predict();
  const stuck = dev.predict({ spin: true });
  await dev.told(/spinning/);
  const waiting = dev.predict();
  await dev.told(/MODEL_STUCK[^]*❯ 4 │[^]*at spin[^]*at predict \(model\/model\.ts:8:[^]*another process takes over/);
  await vi.waitFor(() => expect(dev.stderr).toMatch(/takes over; this one may finish until the next edit/), {
    timeout: 60_000,
    interval: 50,
  });
  const { status, body: other } = await dev.predict();
  expect(status).toBe(200);
  expect(other).not.toBe(pid);
  expect(isRunning(Number(pid))).toBe(true);
  project.save(model, modelOf("mended"));
  await dev.answers("mended");
  expect((await stuck).status).toBe(502);
  // It had not been read by the process that was stuck.
  expect(await waiting).toEqual({ status: 200, body: "mended" });
  await vi.waitFor(() => expect(isRunning(Number(pid))).toBe(false), patience);
});
