import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { createProject, isRunning, modelOf, patience, startDev } from "./dev-server.ts";

const model = "model/model.ts";

describe("a model process that dies", () => {
  it("in a handler is back for the next request, every time", async () => {
    const source = "export class Model { predict(input: any) { if (input.exit) process.exit(3); return 'fine'; } }";
    const dev = startDev(createProject({ [model]: source }));
    for (let turn = 0; turn < 5; turn += 1) {
      expect((await dev.predict({ exit: true })).status).toBe(502);
      expect(await dev.predict()).toEqual({ status: 200, body: "fine" });
    }
  });

  it("of an uncaught exception, and by a kill, is back too", async () => {
    const source =
      "export class Model { predict(input: any) { if (input.crash) setTimeout(() => { throw new Error('out of the blue'); }); return process.pid; } }";
    const dev = startDev(createProject({ [model]: source }));
    const { body: first } = await dev.predict({ crash: true });
    await vi.waitFor(() => expect(dev.stderr).toContain("out of the blue"), patience);
    const { status, body: second } = await dev.predict();
    expect(status).toBe(200);
    expect(second).not.toBe(first);
    process.kill(Number(second), "SIGKILL");
    const { status: again, body: third } = await dev.predict();
    expect(again).toBe(200);
    expect(third).not.toBe(second);
  });

  it.each(["process.exit(3)", "throw new Error('late')", "process.kill(process.pid, 'SIGKILL')"])(
    "of %s leaves the requests on their way to it to the next one, which runs each once",
    async (end) => {
      const source = `import { appendFileSync } from "node:fs";
export class Model {
  predict({ id, last }: any) {
    if (last) setTimeout(() => {
      console.log("busy");
      for (const over = Date.now() + 1000; Date.now() < over;);
      ${end};
    });
    else appendFileSync(process.env.RUNS ?? "", id + " ");
    return "fine";
  }
}`;
      const project = createProject({ [model]: source, runs: "" });
      const dev = startDev(project, [], { RUNS: join(project.dir, "runs") });
      await dev.predict({ last: true });
      await vi.waitFor(() => expect(dev.stderr).toContain("busy"), patience);
      const calls = [10, 100_000, 1_000_000].map((size) => dev.predict({ id: size, more: "x".repeat(size) }));
      expect(await Promise.all(calls)).toEqual(calls.map(() => ({ status: 200, body: "fine" })));
      expect(project.read("runs").trim().split(" ").map(Number).sort()).toEqual([10, 100_000, 1_000_000]);
    },
  );

  it("in an endless loop is replaced by an edit, and ends", async () => {
    const loop =
      "export class Model { predict(input: any) { if (input.loop) { console.log('looping'); for (;;); } return process.pid; } }";
    const project = createProject({ [model]: loop });
    const dev = startDev(project);
    const pid = Number((await dev.predict()).body);
    const stuck = dev.predict({ loop: true });
    await vi.waitFor(() => expect(dev.stderr).toContain("looping"), patience);
    await expect(fetch(`${await dev.url()}/`).then((answer) => answer.json())).resolves.toBe(true);
    project.save(model, modelOf("free"));
    await dev.answers("free");
    expect((await stuck).status).toBe(502);
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), patience);
  });

  it("in an endless loop does not outlive SIGTERM", async () => {
    const loop =
      "export class Model { predict(input: any) { if (input.loop) { console.log('looping'); for (;;); } return process.pid; } }";
    const dev = startDev(createProject({ [model]: loop }));
    const pid = Number((await dev.predict()).body);
    void dev.predict({ loop: true }).catch(() => undefined);
    await vi.waitFor(() => expect(dev.stderr).toContain("looping"), patience);
    expect(await dev.stop()).toBe(0);
    expect(isRunning(pid)).toBe(false);
  });
});
