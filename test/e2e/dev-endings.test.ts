import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { type DevServer, createProject, isRunning, modelOf, patience, startDev } from "./dev-server.ts";

const model = "model/model.ts";
const source = `import { createRequire } from "node:module";
export class Model {
  predict(input: { act?: string }) {
    switch (input.act) {
      case "exit":
        process.exit(3);
      case "exit later":
        setTimeout(() => process.exit(4));
        return "begun";
      case "throw later":
        setTimeout(() => { throw new Error("out of the blue"); });
        return "begun";
      case "reject":
        void this.fails();
        return "begun";
      case "eat":
        for (const all = []; ; ) all.push(new Array(10_000).fill(Math.random()));
      case "native":
        return createRequire(import.meta.url)("../crash.node");
      case undefined:
        return process.pid;
      default:
        process.kill(process.pid, input.act);
        return new Promise(() => {});
    }
  }
  private async fails() {
    await null;
    throw new TypeError("nobody awaits this");
  }
}
`;

/** Whatever has happened: the next request is served, by another process. */
async function expectAnother(dev: DevServer, pid: unknown): Promise<void> {
  await vi.waitFor(() => expect(isRunning(Number(pid))).toBe(false), patience);
  const { status, body } = await dev.predict();
  expect(status).toBe(200);
  expect(body).not.toBe(pid);
}

describe("the end of a model's process is told of with its reason and what to do", () => {
  const lines = {
    exit: 6,
    "exit later": 8,
    "throw later": 11,
    reject: 29,
  };
  it.each([
    ["exit", 502, /MODEL_EXITED {2}process\.exit\(3\) was called[^]*❯ +6 │[^]*→ throw an error instead/],
    ["exit later", 200, /process\.exit\(4\) was called[^]*❯ +8 │/],
    ["throw later", 200, /out of the blue[^]*❯ +11 │/],
    ["reject", 200, /nobody awaits this[^]*❯ +29 │/],
    ["SIGSEGV", 502, /native code crashed the model's process \(SIGSEGV\)[^]*→ a native add-on[^]*npm rebuild/],
    ["SIGBUS", 502, /native code crashed the model's process \(SIGBUS\)/],
    ["SIGABRT", 502, /ended by SIGABRT/],
    ["SIGKILL", 502, /ended by SIGKILL[^]*→ if nobody did that by hand, the system ran out of memory/],
    ["eat", 502, /ran out of memory: V8's heap had grown to \d+ MB[^]*NODE_OPTIONS=--max-old-space-size=\d+/],
  ])("%s", async (act, status, words) => {
    const project = createProject({ [model]: source });
    const dev = startDev(project, [], { NODE_OPTIONS: "--max-old-space-size=64" });
    const { body: pid } = await dev.predict();
    expect((await dev.predict({ act })).status).toBe(status);
    await expectAnother(dev, pid);
    await dev.told(words);
    await dev.told(/it is started again[^]*requests wait for it/);
    if (act in lines) await dev.told(new RegExp(`model/model\\.ts:${lines[act as keyof typeof lines]}:\\d+`));
    // One screen, without what Node itself says of a heap that is full.
    expect(dev.stderr.slice(dev.stderr.indexOf("MODEL_EXITED")).split("\n").length).toBeLessThan(30);
    project.save(model, modelOf("mended"));
    await dev.answers("mended");
  });

  const hasCompiler = spawnSync("gcc", ["--version"]).status === 0;
  it.skipIf(!hasCompiler)("a native add-on that really crashes", async () => {
    const project = createProject({ [model]: source });
    const code = "__attribute__((constructor)) static void crash(void) { *(volatile int *)0 = 1; }";
    writeFileSync(join(project.dir, "crash.c"), code);
    execFileSync("gcc", ["-shared", "-fPIC", "-o", "crash.node", "crash.c"], { cwd: project.dir });
    const dev = startDev(project);
    const { body: pid } = await dev.predict();
    expect((await dev.predict({ act: "native" })).status).toBe(502);
    await dev.told(/native code crashed the model's process \(SIGSEGV\)/);
    await expectAnother(dev, pid);
  });

  it("one that is no add-on at all is an error like others", async () => {
    const project = createProject({ [model]: source, "crash.node": "not a library" });
    const dev = startDev(project);
    expect((await dev.predict({ act: "native" })).status).toBe(500);
    await dev.told(/the model threw[^]*crash\.node[^]*model\/model\.ts:19/);
  });
});

it("one that ends again and again is given ever more time, holds requests, and an edit replaces it", async () => {
  const dying = "export class Model { load() { setTimeout(() => process.exit(9), 200); } predict() { return 1; } }";
  const project = createProject({ [model]: dying });
  const dev = startDev(project);
  await dev.told(/it is started again in 500 ms, [^\n]*it has ended 4 times in a row; an edit or r replaces it/);
  const held = Promise.all([dev.predict(), dev.predict()]);
  project.save(model, modelOf("mended"));
  for (const { status } of await held) expect(status).toBe(200);
  await dev.answers("mended");
});

it("an edit that fails does not keep the last good model from coming back", async () => {
  const slow =
    "export class Model { async load() { console.log('loading'); await new Promise((done) => setTimeout(done, 500)); } predict() { return process.pid; } }";
  const project = createProject({ [model]: slow });
  const dev = startDev(project);
  const { body: pid } = await dev.predict();
  process.kill(Number(pid), "SIGKILL");
  await dev.told(/loading[^]*MODEL_EXITED[^]*loading/);
  project.save(model, "export class Model {");
  await dev.event("reload_failed");
  await expectAnother(dev, pid);
});

it("a burst of kills fails no request but those that the killed processes had", async () => {
  const slow = `export class Model {
    async predict(input: { pid?: boolean }) {
      if (input.pid) return process.pid;
      await new Promise((done) => setTimeout(done, 5));
      return "served";
    }
  }`;
  const dev = startDev(createProject({ [model]: slow }));
  const { body: first } = await dev.predict({ pid: true });
  let pid = Number(first);
  for (let turn = 0; turn < 5; turn += 1) {
    process.kill(pid, "SIGKILL");
    const answers = await Promise.all(Array.from({ length: 8 }, () => dev.predict()));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    pid = Number((await dev.predict({ pid: true })).body);
  }
});

it("what the model has started ends with it, even what does not listen to SIGTERM", async () => {
  const starting = `import { spawn } from "node:child_process";
  export class Model {
    load() {
      const sleeping = spawn("sleep", ["1000"], { stdio: "ignore" });
      const stubborn = spawn("sh", ["-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"]);
      return new Promise<void>((done) => stubborn.stdout.once("data", () => {
        console.log("started " + sleeping.pid + " " + stubborn.pid + ".");
        done();
      }));
    }
    predict(input: { exit?: boolean }) { if (input.exit) process.exit(1); return process.pid; }
  }`;
  const project = createProject({ [model]: starting });
  const dev = startDev(project);
  const started = () => [...dev.stderr.matchAll(/started (\d+) (\d+)\./g)].flatMap(([, ...pids]) => pids.map(Number));
  const gone = (pids: number[]) => vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), patience);
  await dev.predict({ exit: true });
  await dev.predict();
  const [first, second, ...others] = started();
  expect(others).toHaveLength(2);
  await gone([Number(first), Number(second)]);
  project.save(model, modelOf("quiet"));
  await dev.answers("quiet");
  await gone(others);
  project.save(model, starting);
  await dev.event("reloaded", 2);
  const last = started().slice(4);
  expect(last.filter(isRunning)).toHaveLength(2);
  dev.process.kill("SIGKILL");
  await gone(last);
});
