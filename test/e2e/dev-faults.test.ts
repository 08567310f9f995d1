import { expect, it } from "vitest";
import { createProject, descendants, isRunning, modelOf, startDev } from "./dev-server.ts";

const model = "model/model.ts";
const place = { file: model, line: expect.any(Number), column: expect.any(Number) };

const broken: [name: string, source: string, expected: object][] = [
  ["an unfinished type", `let x: = 3;\n${modelOf(0)}`, { code: "BUILD_FAILED", ...place, line: 1 }],
  ["a type that makes no sense", `type A = { a: ;; };\n${modelOf(0)}`, { code: "BUILD_FAILED", ...place, line: 1 }],
  [
    "a package that is not installed",
    `import a from "no-such-package";\nconsole.log(a);\n${modelOf(0)}`,
    { code: "BUILD_FAILED", ...place, line: 1, message: expect.stringMatching(/no-such-package.*npm install/) },
  ],
  [
    "one that is imported at run time",
    `const name = "x";\nawait import("no-such-package");\n${modelOf(0)}`,
    { code: "IMPORT_FAILED", ...place, line: 2, message: expect.stringMatching(/no-such-package.*npm install/) },
  ],
  ["an exit of the module", `\nprocess.exit(0);\n${modelOf(0)}`, { code: "LOAD_EXITED", ...place, line: 2 }],
  [
    "an exit of the constructor",
    modelOf(0, "  constructor() {\n    process.exit(2);\n  }\n"),
    { code: "LOAD_EXITED", ...place, line: 4, message: expect.stringContaining("exit code 2") },
  ],
  [
    "an exit of a timer during load",
    modelOf(0, "  load() {\n    setTimeout(() => process.exit(4));\n    return new Promise(() => {});\n  }\n"),
    { code: "LOAD_EXITED", ...place, line: 4, hint: expect.any(String) },
  ],
  [
    "a rejection that nobody awaits, while the module loads",
    `void Promise.reject(new Error("detached"));\nawait new Promise((done) => setTimeout(done, 60_000));\n${modelOf(0)}`,
    { code: "LOAD_FAILED", ...place, line: 1, message: "detached" },
  ],
  ["something thrown that is no error", modelOf(0, "  load() { throw 'a word'; }\n"), { message: "a word" }],
  [
    "a crash in native code during load",
    modelOf(0, "  load() { process.kill(process.pid, 'SIGSEGV'); return new Promise(() => {}); }\n"),
    { code: "LOAD_EXITED", message: expect.stringContaining("SIGSEGV"), hint: expect.stringContaining("native") },
  ],
  [
    "a load that needs too much memory",
    modelOf(0, "  load() { const all = []; for (;;) all.push(new Array(10_000).fill(Math.random())); }\n"),
    {
      code: "LOAD_EXITED",
      message: expect.stringMatching(/out of memory while it was loading/),
      hint: expect.stringContaining("NODE_OPTIONS=--max-old-space-size="),
    },
  ],
];

it("broken edits leave the last good model serving, say where and what to do, and the next edit mends each", async () => {
  const project = createProject({ [model]: modelOf("good") });
  const dev = startDev(project, [], { NODE_OPTIONS: "--max-old-space-size=64" });
  await dev.answers("good");
  let good = "good";
  for (const [index, [name, source, expected]] of broken.entries()) {
    project.save(model, source);
    expect(await dev.event("reload_failed", index + 1), name).toMatchObject({ ...expected, serving: true });
    expect(await dev.predict(), name).toEqual({ status: 200, body: good });
    good = `mended ${name}`;
    project.save(model, modelOf(good));
    await dev.answers(good);
  }
});

it("a model process that is killed while it loads is told of, and so it goes on", async () => {
  const project = createProject({ [model]: modelOf("good") });
  const dev = startDev(project);
  await dev.answers("good");
  project.save(model, modelOf(0, "  load() { console.log(`pid ${process.pid}.`); return new Promise(() => {}); }\n"));
  await dev.told(/pid \d+\./);
  process.kill(Number(/pid (\d+)\./.exec(dev.stderr)?.[1]), "SIGKILL");
  expect(await dev.event("reload_failed")).toMatchObject({
    code: "LOAD_EXITED",
    message: expect.stringContaining("SIGKILL"),
    serving: true,
  });
  await dev.answers("good");
  project.save(model, modelOf("mended"));
  await dev.answers("mended");
});

it("all processes below dev may be killed, the bundler's too: requests wait, and edits go on being served", async () => {
  const project = createProject({ [model]: modelOf(0) });
  const dev = startDev(project);
  await dev.answers(0);
  for (let turn = 1; turn <= 3; turn += 1) {
    const below = descendants(dev.process.pid ?? 0).filter(isRunning);
    expect(below.length).toBeGreaterThan(1);
    for (const pid of below) process.kill(pid, "SIGKILL");
    expect(await dev.predict()).toEqual({ status: 200, body: turn - 1 });
    project.save(model, modelOf(turn));
    await dev.answers(turn);
    // Another reading of the project needs another bundler.
    for (const pid of descendants(dev.process.pid ?? 0).filter(isRunning)) process.kill(pid, "SIGKILL");
    project.save("config.yaml", `model_name: n${turn}\n`);
    await dev.event("reloaded", 2 * turn);
  }
});

it("more edits than bundles are kept, none of which loads, do not cost the model that serves its own", async () => {
  const project = createProject({ [model]: "export class Model { predict() { return process.pid; } }" });
  const dev = startDev(project);
  const { body: pid } = await dev.predict();
  for (let turn = 1; turn <= 12; turn += 1) {
    project.save(model, `throw new Error("no ${turn}");\n${modelOf(0)}`);
    await dev.event("reload_failed", turn);
  }
  process.kill(Number(pid), "SIGKILL");
  const { status, body } = await dev.predict();
  expect(status).toBe(200);
  expect(body).not.toBe(pid);
});

it("node_modules, and the bundle in it, may be removed and come back", async () => {
  const project = createProject({ [model]: "export class Model { predict() { return process.pid; } }" });
  const dev = startDev(project);
  const { body: pid } = await dev.predict();
  project.remove("node_modules/.cache");
  process.kill(Number(pid), "SIGKILL");
  expect((await dev.predict()).status).toBe(200);
  project.save(model, modelOf("next"));
  await dev.answers("next");
});
