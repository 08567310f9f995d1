import { execFile } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createTempProject, linkPackage } from "../unit/bundle/temp-project.ts";

const bin = fileURLToPath(new URL("../../bin/truss-ts.js", import.meta.url));

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Answer {
  readonly ok: boolean;
  readonly endpoints: readonly { method: string; path: string }[];
  readonly faults: readonly {
    code: string;
    message: string;
    file: string | null;
    line: number | null;
    column: number | null;
    hint: string | null;
  }[];
}

function runCheck(cwd: string, args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [bin, "check", ...args],
      { cwd, env: { ...process.env, CI: "1", ...env } },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    );
    child.stdin?.end();
  });
}

/** The one JSON object on stdout, in its exact form, with the exit code that belongs to it. */
async function checkJson(files: Readonly<Record<string, string>>, env?: Record<string, string>) {
  const root = createTempProject(files);
  const run = await runCheck(root, ["--json"], env);
  const answer = JSON.parse(run.stdout) as Answer;
  expect(run.stdout.trimEnd().split("\n")).toHaveLength(1);
  expect(Object.keys(answer)).toEqual(["ok", "endpoints", "faults"]);
  expect(answer.ok).toBe(answer.faults.length === 0);
  expect(run.code).toBe(answer.ok ? 0 : 1);
  for (const fault of answer.faults) {
    expect(Object.keys(fault)).toEqual(["code", "message", "file", "line", "column", "hint"]);
    expect(JSON.stringify(fault)).not.toContain(root);
  }
  return { ...answer, ...run, root };
}

const model = (body: string) => ({ "model/model.ts": `export class Model {\n${body}\n}\n` });

describe("check on a good project", () => {
  it("lists what is served, in the order of the table, as JSON", async () => {
    const { endpoints, stdout } = await checkJson(
      model(
        "  websocket() {}\n  async *messages() {}\n  chat_completions() {}\n  predict() {}\n  load() { throw new Error('never called'); }",
      ),
    );
    expect(endpoints).toEqual([
      { method: "predict", path: "/predict" },
      { method: "chat_completions", path: "/v1/chat/completions" },
      { method: "messages", path: "/v1/messages" },
      { method: "websocket", path: "/v1/websocket" },
    ]);
    expect(stdout).toContain('"faults":[]');
  });

  it("lists it for people, from a folder inside, and with the dir as argument", async () => {
    const root = createTempProject({
      "config.yaml": "model_name: my model\n",
      ...model("  predict() {}\n  embeddings() {}"),
    });
    const inside = await runCheck(join(root, "model"), []);
    expect(inside).toMatchObject({ code: 0 });
    expect(inside.stdout).toMatch(
      /^my model serves:\n {2}POST \/predict +predict\n {2}POST \/v1\/embeddings +embeddings\n/,
    );
    expect(inside.stdout).toContain("no faults");
    expect((await runCheck("/", [root])).stdout).toBe(inside.stdout);
  });

  it.each(["with space", "50% #1 [x]*", "模型"])("works in a folder called %j", async (name) => {
    const root = createTempProject(model("  predict() { return import.meta.url; }"), name);
    expect(await runCheck(root, ["--json"])).toMatchObject({ code: 0 });
  });

  it("sends what the model prints to stderr", async () => {
    const { stderr, ok } = await checkJson({
      "model/model.ts":
        'console.log("from the module");\nexport class Model { constructor() { process.stdout.write("from the constructor\\n"); }\n predict() {} }',
    });
    expect(ok).toBe(true);
    expect(stderr).toContain("from the module");
    expect(stderr).toContain("from the constructor");
  });

  it("gives the constructor its context, and the variables of config.yaml and .env", async () => {
    const { faults } = await checkJson({
      "config.yaml": "model_name: m\nsecrets: {KEY: null}\nenvironment_variables: {A: 1, B: 2}\n",
      ".env": "B=env\n",
      ...model(
        "  constructor(context) {\n    const seen = [context.config.model_name, context.data_dir.endsWith('data'), process.env.A, process.env.B];\n    if (seen.join() !== 'm,true,1,env') throw new Error(seen.join());\n  }\n  predict() {}",
      ),
    });
    expect(faults).toEqual([]);
  });

  it("does not need the secrets that the constructor reads", async () => {
    const { ok, endpoints } = await checkJson({
      "config.yaml": "secrets: {KEY: null}\n",
      ...model("  constructor(context) { this.key = context.secrets.KEY; }\n  predict() {}"),
    });
    expect(ok).toBe(true);
    expect(endpoints).toEqual([{ method: "predict", path: "/predict" }]);
  });

  it("finds truss-ts and leaves nothing behind", async () => {
    const root = createTempProject({
      "model/model.ts":
        'import { HttpError } from "truss-ts";\nexport default class Mine { predict() { throw new HttpError(400, "no"); } }',
    });
    linkPackage(root);
    expect(await runCheck(root, ["--json"])).toMatchObject({ code: 0 });
    const cache = join(root, "node_modules", ".cache", "truss-ts");
    expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([]);
  });

  it("ends although the model keeps timers and servers open", async () => {
    const { ok } = await checkJson({
      "model/model.ts":
        'import { createServer } from "node:http";\ncreateServer().listen(0);\nsetInterval(() => {}, 1000);\nexport class Model { predict() {} }',
    });
    expect(ok).toBe(true);
  });
});

describe("check finds", () => {
  it("an unknown key, with what was meant", async () => {
    const { faults } = await checkJson({ "config.yaml": "model_name: a\nresourcse: {}\n", ...model("  predict() {}") });
    expect(faults).toEqual([
      {
        code: "CONFIG_INVALID",
        message: 'Unknown key "resourcse": did you mean "resources"?',
        file: "config.yaml",
        line: 2,
        column: 1,
        hint: "Rename it to resources.",
      },
    ]);
  });

  it("faults of the config and of the class at once", async () => {
    const { faults, endpoints } = await checkJson({
      "config.yaml": "model_name: 3\nresources:\n  cpu: 2\n",
      ...model("  predict() {}\n  chatCompletions() {}"),
    });
    expect(faults.map(({ code, file, line }) => [code, file, line])).toEqual([
      ["CONFIG_INVALID", "config.yaml", 1],
      ["CONFIG_INVALID", "config.yaml", 3],
      ["METHOD_MISNAMED", "model/model.ts", 3],
    ]);
    expect(endpoints).toEqual([{ method: "predict", path: "/predict" }]);
  });

  it("broken YAML", async () => {
    const { faults } = await checkJson({
      "config.yaml": "model_name: a\n\tresources: {}\n",
      ...model("  predict() {}"),
    });
    expect(faults).toMatchObject([{ code: "CONFIG_INVALID", file: "config.yaml", line: 2, column: 1 }]);
  });

  it.each([
    ["a syntax error", "export class Model {\n  predict() { const = 1; }\n}\n", "BUILD_FAILED", 2],
    [
      "a missing package",
      'import a from "missing-pkg";\nexport class Model { predict() { return a; } }',
      "BUILD_FAILED",
      1,
    ],
    ["a missing file", 'import a from "./a";\nexport class Model { predict() { return a; } }', "BUILD_FAILED", 1],
    ["no endpoint", "// about\nexport class Model {\n  load() {}\n}", "NO_ENDPOINT", 2],
    ["a camelCase twin", "export class Model {\n  // chatCompletions\n  chatCompletions() {}\n}", "METHOD_MISNAMED", 3],
    ["a member that is no function", "export class Model {\n  predict = 3;\n}", "METHOD_NOT_A_FUNCTION", 2],
    ["a method with too many parameters", "export class Model {\n  predict(a, b, c) {}\n}", "METHOD_SIGNATURE", 2],
    [
      "a hook without its method",
      "export class Model {\n  preprocess(a) {}\n  embeddings() {}\n}",
      "METHOD_COMBINATION",
      2,
    ],
    ["no class", "export const model = 1;", "MODEL_CLASS_NOT_FOUND", 1],
    [
      "a throwing constructor",
      "export class Model {\n  constructor() {\n    throw new Error('no');\n  }\n  predict() {}\n}",
      "CONSTRUCTOR_FAILED",
      3,
    ],
  ])("%s", async (_name, source, code, line) => {
    const { faults } = await checkJson({ "model/model.ts": source });
    expect(faults).toMatchObject([{ code, file: "model/model.ts", line }]);
    expect(faults[0]?.message).not.toBe("");
  });

  it("a module that throws, with its place in the source", async () => {
    const { faults } = await checkJson({
      "model/model.ts": 'import "./deep.ts";\nexport class Model { predict() {} }',
      "model/deep.ts": "const here: string = import.meta.url;\nthrow new TypeError(here.slice(0, 4));\n",
    });
    expect(faults).toMatchObject([{ message: "file", file: "model/deep.ts", line: 2, column: 7 }]);
  });

  it("a name that a package does not export, at its import", async () => {
    const { faults } = await checkJson({
      "node_modules/few/package.json": '{ "name": "few", "type": "module", "exports": "./i.js" }',
      "node_modules/few/i.js": "export const one = 1;",
      "model/model.ts": '// two\nimport { two } from "few";\nexport class Model { predict() { return two; } }',
    });
    expect(faults).toMatchObject([
      { message: expect.stringContaining("two") as string, file: "model/model.ts", line: 2 },
    ]);
  });

  it("a model that ends the process", async () => {
    const { faults } = await checkJson({ "model/model.ts": "process.exit(3);\nexport class Model { predict() {} }" });
    expect(faults).toMatchObject([
      { code: "IMPORT_FAILED", message: expect.stringContaining("exit code 3") as string },
    ]);
  });

  it("an undeclared secret", async () => {
    const { faults } = await checkJson(model("  constructor(context) { context.secrets.NOPE; }\n  predict() {}"));
    expect(faults).toMatchObject([{ code: "SECRET_UNDECLARED", message: expect.stringContaining("NOPE") as string }]);
  });

  it("a missing model file", async () => {
    const { faults } = await checkJson({ "model/model.py": "class Model: ..." });
    expect(faults).toMatchObject([
      { code: "MODEL_FILE_NOT_FOUND", file: "model/model.ts", hint: expect.stringContaining("Python") as string },
    ]);
  });

  it("no project", async () => {
    const root = createTempProject({});
    rmSync(join(root, "config.yaml"));
    const run = await runCheck(root, ["--json"]);
    expect(run.code).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({
      ok: false,
      endpoints: [],
      faults: [{ code: "PROJECT_NOT_FOUND", hint: expect.stringContaining("truss-ts init") as string }],
    });
  });
});

describe("check for people", () => {
  it("shows each fault with its place, its source and what to do", async () => {
    const root = createTempProject({ "config.yaml": "modle_name: a\n", ...model("  predict = 3;") });
    const { code, stdout } = await runCheck(root, []);
    expect(code).toBe(1);
    expect(stdout).toContain("config.yaml:1:1\n");
    expect(stdout).toContain("❯ 1 │ modle_name: a");
    expect(stdout).toContain("model/model.ts:2:3\n");
    expect(stdout).toContain("❯ 2 │   predict = 3;");
    expect(stdout).toContain("→ Rename it to model_name.");
    expect(stdout).toContain("2 faults");
    expect(stdout).not.toContain("\u001b[");
  });

  it("shows no secret of config.yaml", async () => {
    const root = createTempProject({ "config.yaml": "secrets:\n  A: hush\n  B: 3\n", ...model("  predict() {}") });
    const { stdout, stderr } = await runCheck(root, []);
    expect(stdout).toContain("❯ 3 │   B: *");
    expect(stdout + stderr).not.toContain("hush");
  });

  it("teaches with an example", async () => {
    const { code, stdout } = await runCheck("/", ["--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("truss-ts check my-model --json");
  });

  it("takes a wrong flag for a usage fault", async () => {
    expect(await runCheck("/", ["--jsno"])).toMatchObject({ code: 2, stdout: "" });
  });
});
