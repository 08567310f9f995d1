import { describe, expect, it } from "vitest";
import { createProject, modelOf, startDev } from "./dev-server.ts";

const model = "model/model.ts";

describe("an edit", () => {
  it("shows in the next answer, is told in one line, and each later one too", async () => {
    const project = createProject({ [model]: modelOf(1) });
    const dev = startDev(project);
    const ready = await dev.event("ready");
    expect(ready).toMatchObject({ endpoints: [{ method: "predict", path: "/predict" }], ms: expect.any(Number) });
    expect(ready.playground).toBe(`${ready.url}/_truss/`);
    await dev.answers(1);
    for (let turn = 2; turn <= 4; turn += 1) {
      project.save(model, modelOf(turn));
      expect(await dev.event("reloaded", turn - 1)).toMatchObject({ changed: [model], ms: expect.any(Number) });
      await dev.answers(turn);
    }
  });

  it("made as soon as ready is told is not lost", async () => {
    const project = createProject({ [model]: modelOf("first") });
    const dev = startDev(project);
    await dev.event("ready");
    project.save(model, modelOf("second"));
    await dev.answers("second");
  });

  it("made while the first build runs is not lost", async () => {
    const project = createProject({ [model]: modelOf("first", '  load() { console.log("loading"); }\n') });
    const dev = startDev(project);
    while (!dev.stderr.includes("loading")) await new Promise((resolve) => dev.process.stderr?.once("data", resolve));
    project.save(model, modelOf("second"));
    await dev.answers("second");
  });

  it.each([
    ["does not build", "export class Model {", { code: "BUILD_FAILED", file: model, line: 1 }],
    [
      "imports what is not there",
      `import "./nowhere.ts";\n${modelOf(0)}`,
      { code: "BUILD_FAILED", file: model, line: 1 },
    ],
    [
      "throws when imported",
      `throw new Error("early");\n${modelOf(0)}`,
      { code: "IMPORT_FAILED", message: "early", file: model, line: 1 },
    ],
    ["has no Model", "export class Other {}\n", { code: "MODEL_CLASS_NOT_FOUND", file: model }],
    ["has no endpoint", "export class Model {}\n", { code: "NO_ENDPOINT", file: model }],
    [
      "throws in the constructor",
      modelOf(0, '  constructor() { throw new Error("born bad"); }\n'),
      { code: "CONSTRUCTOR_FAILED", message: "born bad", file: model, line: 3 },
    ],
    [
      "throws in load",
      modelOf(0, '  async load() { throw new Error("no weights"); }\n'),
      { code: "LOAD_FAILED", message: "no weights", file: model, line: 3 },
    ],
    ["exits in load", modelOf(0, "  load() { process.exit(0); }\n"), { code: "LOAD_EXITED" }],
    [
      "crashes in load",
      modelOf(0, '  load() { setTimeout(() => { throw new Error("late"); }); return new Promise(() => {}); }\n'),
      { code: "LOAD_FAILED", message: "late" },
    ],
  ])("that %s leaves the last good model serving, and the next one mends it", async (_name, broken, expected) => {
    const project = createProject({ [model]: modelOf("good") });
    const dev = startDev(project);
    await dev.answers("good");
    project.save(model, broken);
    expect(await dev.event("reload_failed")).toMatchObject({ ...expected, serving: true });
    await dev.answers("good");
    project.save(model, modelOf("mended"));
    await dev.answers("mended");
  });

  it("whose load never ends does not keep the next one waiting", async () => {
    const project = createProject({ [model]: modelOf("good") });
    const dev = startDev(project);
    await dev.answers("good");
    project.save(
      model,
      modelOf(0, '  load() { console.log("stuck"); return new Promise(() => setInterval(() => {}, 1000)); }\n'),
    );
    while (!dev.stderr.includes("stuck")) await new Promise((resolve) => dev.process.stderr?.once("data", resolve));
    project.save(model, modelOf("next"));
    await dev.answers("next");
  });

  it("of config.yaml applies; a broken one is told of, and mended", async () => {
    const project = createProject({
      [model]:
        "export class Model { constructor(private c: { config: object }) {} predict() { return this.c.config; } }",
    });
    const dev = startDev(project);
    expect((await dev.predict()).body).toMatchObject({ model_name: "test" });
    project.save("config.yaml", "model_name: [\n");
    expect(await dev.event("reload_failed")).toMatchObject({
      code: "CONFIG_INVALID",
      file: "config.yaml",
      line: expect.any(Number),
    });
    expect((await dev.predict()).status).toBe(200);
    project.save("config.yaml", "model_name: renamed\n");
    await dev.event("reloaded");
    expect((await dev.predict()).body).toMatchObject({ model_name: "renamed" });
    project.remove("config.yaml");
    expect(await dev.event("reload_failed", 2)).toMatchObject({ code: "CONFIG_UNREADABLE", file: "config.yaml" });
    project.save("config.yaml", "model_name: back\n");
    await dev.event("reloaded", 2);
    expect((await dev.predict()).body).toMatchObject({ model_name: "back" });
  });

  it("that deletes the model or a helper is told of, and putting it back mends it", async () => {
    const source = 'import { value } from "./helper.ts";\nexport class Model { predict() { return value; } }\n';
    const project = createProject({ [model]: source, "model/helper.ts": 'export const value = "one";\n' });
    const dev = startDev(project);
    await dev.answers("one");
    project.remove(model);
    expect(await dev.event("reload_failed")).toMatchObject({ serving: true });
    await dev.answers("one");
    project.save(model, source);
    await dev.event("reloaded");
    project.remove("model/helper.ts");
    expect(await dev.event("reload_failed", 2)).toMatchObject({ code: "BUILD_FAILED", file: model, line: 1 });
    project.save("model/helper.ts", 'export const value = "two";\n');
    await dev.answers("two");
  });

  it("of .env and .env.local reaches process.env; the shell's own wins", async () => {
    const project = createProject({
      "config.yaml": "model_name: test\nenvironment_variables:\n  A: config\n  B: config\n  C: config\n  D: config\n",
      ".env": "B=env\nC=env\nD=env\n",
      ".env.local": "C=local\nD=local\n",
      [model]: "export class Model { predict() { const { A, B, C, D } = process.env; return [A, B, C, D]; } }",
    });
    const dev = startDev(project, [], { D: "shell" });
    await dev.answers(["config", "env", "local", "shell"]);
    project.save(".env", "B=changed\n");
    await dev.answers(["config", "changed", "local", "shell"]);
    project.remove(".env.local");
    await dev.answers(["config", "changed", "config", "shell"]);
  });

  it("of a source outside the model's folder shows", async () => {
    const project = createProject({
      "lib/shared.ts": 'export const value = "one";\n',
      [model]: 'import { value } from "../lib/shared.ts";\nexport class Model { predict() { return value; } }\n',
    });
    const dev = startDev(project);
    await dev.answers("one");
    project.save("lib/shared.ts", 'export const value = "two";\n');
    await dev.answers("two");
    expect(await dev.event("reloaded")).toMatchObject({ changed: ["lib/shared.ts"] });
  });

  it("after twenty at once ends with the last of them", async () => {
    const project = createProject({ [model]: modelOf(0) });
    const dev = startDev(project);
    await dev.answers(0);
    for (let turn = 1; turn <= 20; turn += 1) {
      project.save(model, turn % 5 === 0 && turn < 20 ? "broken {" : modelOf(turn));
      // Each save is answered by something, so that they spread over builds, starts and swaps.
      await dev.predict();
    }
    await dev.answers(20);
  });
});

describe("a first build that fails", () => {
  it("is told to clients at once, and the next edit serves", async () => {
    const project = createProject({ [model]: "export class Model {" });
    const dev = startDev(project, ["--port", "0"]);
    expect(await dev.event("reload_failed")).toMatchObject({ id: 1, code: "BUILD_FAILED", serving: false });
    project.save(model, modelOf("fine"));
    await dev.answers("fine");
    expect(dev.events.filter(({ event }) => event === "ready" || event === "reloaded")).toHaveLength(1);
  });
});

describe("--environment", () => {
  it.each([
    [[], "development"],
    [["--environment", "staging"], "staging"],
  ])("%j", async (args, name) => {
    const source =
      "export class Model { constructor(private c: any) {} predict() { return this.c.environment.name; } }";
    const dev = startDev(createProject({ [model]: source }), args);
    await dev.answers(name);
  });
});
