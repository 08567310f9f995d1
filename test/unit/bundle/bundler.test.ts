import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Bundler, createBundler } from "../../../src/bundle/bundler.ts";
import { loadProject } from "../../../src/project/load.ts";
import { createTempProject, linkPackage, writeFiles } from "./temp-project.ts";

const run = promisify(execFile);

async function openBundler(root: string, options?: { outDir?: string }): Promise<Bundler> {
  const loaded = await loadProject(root);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const bundler = await createBundler(loaded.project, options);
  onTestFinished(() => bundler.close());
  return bundler;
}

async function build(bundler: Bundler) {
  const built = await bundler.build();
  if (!built.ok) throw new Error(JSON.stringify(built.errors));
  return built;
}

async function buildErrors(root: string) {
  const built = await (await openBundler(root)).build();
  if (built.ok) throw new Error("expected the build to fail");
  return built;
}

/** Imports a bundle in a process of its own, as ever in truss-ts, and returns what the code prints as JSON. */
async function evaluate(file: string, code: string): Promise<unknown> {
  const program = `process.setSourceMapsEnabled(true);
    const module = await import(${JSON.stringify(pathToFileURL(file).href)});
    console.log(JSON.stringify(await (async () => { ${code} })()));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], { cwd: "/" });
  return JSON.parse(stdout);
}

async function answerOf(root: string): Promise<unknown> {
  const { file } = await build(await openBundler(root));
  return evaluate(file, "return new module.Model().predict();");
}

describe("a bundle", () => {
  it("exports what the model file exports", async () => {
    const root = createTempProject({
      "model/model.ts": "export class Model {}\nexport default class Other {}\nexport const a: number = 1;",
    });
    const { file } = await build(await openBundler(root));
    expect(
      await evaluate(file, "return [Object.keys(module).sort(), module.Model.name, module.default.name];"),
    ).toEqual([["Model", "a", "default"], "Model", "Other"]);
  });

  it.each(["plain", "with space", "50% #1 [x]*?", "模型 é"])("works in a folder called %j", async (name) => {
    const root = createTempProject(
      {
        "model/model.ts":
          'import { readFileSync } from "node:fs";\nimport { a } from "./a.ts";\nexport class Model {\n  predict() {\n    return [a, readFileSync(new URL("./b.txt", import.meta.url), "utf8"), new Error().stack];\n  }\n}\n',
        "model/a.ts": "export const a = 1;",
        "model/b.txt": "b",
      },
      name,
    );
    const [a, b, stack] = (await answerOf(root)) as [number, string, string];
    expect([a, b]).toEqual([1, "b"]);
    expect(stack).toContain(`${join(root, "model", "model.ts")}:5:`);
  });

  it("holds JSON, texts, aliases and imports without endings", async () => {
    const root = createTempProject({
      "tsconfig.json": '{ "compilerOptions": { "paths": { "@/*": ["./model/*"] } } }',
      "package.json":
        '{ "name": "self", "type": "module", "imports": { "#inner": "./model/inner.ts" }, "exports": "./model/inner.ts" }',
      "model/model.ts":
        'import json from "./a.json" with { type: "json" };\nimport text from "./a.txt";\nimport md from "@/a.md";\nimport { inner } from "#inner";\nimport { inner as byAlias } from "@/inner";\nimport { inner as bySelf } from "self";\nexport class Model { predict() { return { json, text, md, inner, same: inner === byAlias, bySelf }; } }',
      "model/inner.ts": "export const inner = { is: 1 };",
      "model/a.json": '{ "x": 1 }',
      "model/a.txt": "text",
      "model/a.md": "# md",
    });
    expect(await answerOf(root)).toEqual({
      json: { x: 1 },
      text: "text",
      md: "# md",
      inner: { is: 1 },
      same: true,
      bySelf: { is: 1 },
    });
  });

  it("knows the place of each source file", async () => {
    const root = createTempProject({
      "model/model.ts":
        'import { place } from "./lib/place.ts";\nimport common from "./lib/common.cjs";\nconst __dirname = "mine";\nexport class Model { predict() { return { place, common, mine: __dirname, url: import.meta.url, up: import.meta.resolve("./x.js"), built: import.meta.resolve("node:fs") }; } }',
      "model/lib/place.ts": "export const place = [import.meta.dirname, import.meta.filename, __filename];",
      "model/lib/common.cjs": "module.exports = [__dirname, __filename];",
    });
    const lib = join(root, "model", "lib");
    expect(await answerOf(root)).toEqual({
      place: [lib, join(lib, "place.ts"), join(lib, "place.ts")],
      common: [lib, join(lib, "common.cjs")],
      mine: "mine",
      url: pathToFileURL(join(root, "model", "model.ts")).href,
      up: pathToFileURL(join(root, "model", "x.js")).href,
      built: "node:fs",
    });
  });

  it("maps stacks to lines and columns, in files with import.meta too", async () => {
    const root = createTempProject({
      "model/model.ts": `import { fail } from "./fail.ts";\ninterface Long { a: string }\nexport class Model {\n  predict() { try { fail("é"); } catch (error) { return (error as Error).stack; } }\n}\n`,
      "model/fail.ts": `const here: string = import.meta.url; export function fail(what: string): never { throw new Error(what + here); }\n`,
    });
    const stack = String(await answerOf(root)).split("\n");
    const text = readFileSync(join(root, "model", "fail.ts"), "utf8");
    expect(stack[1]).toContain(`${join(root, "model", "fail.ts")}:1:${text.indexOf("new Error") + 1}`);
    expect(stack[2]).toContain(`${join(root, "model", "model.ts")}:4:21`);
  });

  it("obeys tsconfig.json on decorators and fields", async () => {
    const model =
      "function mark(...given: unknown[]) { seen.push(given.length); }\nconst seen: number[] = [];\nclass Base { x = 1; }\nexport class Model extends Base { declare x: number; @mark method() {} predict() { return seen; } }";
    const legacy = createTempProject({
      "tsconfig.json": '{ "extends": "./base.json" }',
      "base.json": '{ "compilerOptions": { "experimentalDecorators": true } }',
      "model/model.ts": model,
    });
    expect(await answerOf(legacy)).toEqual([3]);
    expect(await answerOf(createTempProject({ "model/model.ts": model }))).toEqual([2]);
  });

  it("leaves packages outside", async () => {
    const root = createTempProject({
      "node_modules/esm/package.json":
        '{ "name": "esm", "type": "module", "exports": { ".": "./i.js", "./sub": "./s.js" } }',
      "node_modules/esm/i.js": "export const url = import.meta.url;",
      "node_modules/esm/s.js": "export const sub = 2;",
      "node_modules/@a/old/package.json": '{ "name": "@a/old", "main": "i.js" }',
      "node_modules/@a/old/i.js": "exports.old = __filename;",
      "node_modules/@a/old/deep/part.js": "exports.part = 3;",
      "model/model.ts":
        'import { url } from "esm";\nimport { sub } from "esm/sub";\nimport { old } from "@a/old";\nimport { part } from "@a/old/deep/part";\nimport type { Nothing } from "not-installed";\nimport common from "./common.cjs";\nimport fs from "fs";\nexport class Model { predict(_: Nothing) { return { url, sub, old, part, common, fs: typeof fs.read }; } }',
      "model/common.cjs": 'module.exports = require("@a/old").old;',
    });
    const built = await build(await openBundler(root));
    expect(built.externals).toEqual(["@a/old", "@a/old/deep/part.js", "esm", "esm/sub"]);
    const packages = join(root, "node_modules");
    expect(await evaluate(built.file, "return new module.Model().predict();")).toEqual({
      url: pathToFileURL(join(packages, "esm", "i.js")).href,
      sub: 2,
      old: join(packages, "@a", "old", "i.js"),
      part: 3,
      common: join(packages, "@a", "old", "i.js"),
      fs: "function",
    });
  });

  it("tells which files of packages a process can load ahead of time: those that the bundle will import", async () => {
    const root = createTempProject({
      "node_modules/dual/package.json":
        '{ "name": "dual", "exports": { "import": "./i.mjs", "require": "./r.cjs", "default": "./r.cjs" } }',
      "node_modules/dual/i.mjs": "export const side = 'import';",
      "node_modules/dual/r.cjs": "exports.side = 'require';",
      "node_modules/plain/package.json": '{ "name": "plain" }',
      "node_modules/plain/index.js": "exports.plain = 1;",
      "model/model.ts":
        'import { side } from "dual";\nimport { plain } from "plain";\nexport class Model { predict() { return [side, plain]; } }',
    });
    const built = await build(await openBundler(root));
    const packages = join(root, "node_modules");
    expect(built.preloads).toEqual([
      pathToFileURL(join(packages, "dual", "i.mjs")).href,
      pathToFileURL(join(packages, "plain", "index.js")).href,
    ]);
    expect(await evaluate(built.file, "return new module.Model().predict();")).toEqual(["import", 1]);
  });

  it("takes in a linked package that exports TypeScript, and leaves one of JavaScript outside", async () => {
    const root = createTempProject({
      "model/model.ts":
        'import { typed } from "typed";\nimport { plain } from "plain";\nexport class Model { predict() { return [typed, plain]; } }',
    });
    const workspace = join(dirname(root), "packages");
    writeFiles(workspace, {
      "typed/package.json": '{ "name": "typed", "exports": "./src/index.ts" }',
      "typed/src/index.ts": 'import { own } from "own";\nexport const typed: string = own;',
      "typed/node_modules/own/package.json": '{ "name": "own", "type": "module", "exports": "./i.js" }',
      "typed/node_modules/own/i.js": 'export const own = "its own dependency";',
      "plain/package.json": '{ "name": "plain", "type": "module", "exports": "./i.js" }',
      "plain/i.js": 'export const plain = "js";',
    });
    mkdirSync(join(root, "node_modules"));
    for (const name of ["typed", "plain"])
      symlinkSync(join(workspace, name), join(root, "node_modules", name), "junction");
    const built = await build(await openBundler(root));
    expect(built.inputs).toContain(join(workspace, "typed", "src", "index.ts"));
    expect(built.externals).toContain("plain");
    expect(await evaluate(built.file, "return new module.Model().predict();")).toEqual(["its own dependency", "js"]);
  });

  it("finds truss-ts where it is linked", async () => {
    const root = createTempProject({
      "model/model.ts":
        'import { HttpError } from "truss-ts";\nexport class Model { predict() { return new HttpError(400, "x"); } }',
    });
    linkPackage(root);
    expect((await build(await openBundler(root))).externals).toEqual(["truss-ts"]);
  });

  it("requires a compiled addon from where it lies", async () => {
    const root = createTempProject({
      "model/model.ts":
        'import addon from "./addon.node";\nexport class Model { predict() { return Object.keys(addon); } }',
    });
    // Any addon that is at hand.
    const binding = findAddon();
    writeFileSync(join(root, "model", "addon.node"), readFileSync(binding));
    expect(await answerOf(root)).toBeInstanceOf(Array);
  });

  it("leaves a dynamic import of a missing package to run time", async () => {
    const root = createTempProject({
      "model/model.ts":
        'export class Model { async predict() { return import("optional-thing").then(() => 1, () => 2); } }',
    });
    expect(await answerOf(root)).toBe(2);
  });
});

describe("build errors", () => {
  it("stand at their place, columns counted as editors do", async () => {
    const root = createTempProject({ "model/model.ts": "export class Model {\n  /* éé */ predict( { }\n}\n" });
    const { errors, inputs } = await buildErrors(root);
    expect(errors).toMatchObject([{ file: "model/model.ts", line: 3, column: 1, lineText: "}" }]);
    expect(inputs).toContain(join(root, "model", "model.ts"));
    writeFiles(root, { "model/model.ts": 'const é = "éé"; const = 1;' });
    expect((await buildErrors(root)).errors).toMatchObject([{ line: 1, column: 23 }]);
  });

  it("name the end of the file where it ends too early, in files with import.meta too", async () => {
    const root = createTempProject({
      "model/model.ts": "const here = import.meta.url;\nexport class Model {\n  predict() {\n",
    });
    const { errors } = await buildErrors(root);
    expect(errors).toMatchObject([{ message: "Unexpected end of file", file: "model/model.ts", line: 4, column: 1 }]);
  });

  it("point at the import of a missing file, and watch for its coming", async () => {
    const root = createTempProject({ "model/model.ts": 'import { a } from "./a.js";\nexport class Model { a = a }\n' });
    const { errors, inputs } = await buildErrors(root);
    expect(errors).toMatchObject([
      { message: 'Could not resolve "./a.js"', file: "model/model.ts", line: 1, column: 19 },
    ]);
    expect(inputs).toContain(join(root, "model", "a.ts"));
    expect(inputs).toContain(join(root, "model", "a.js"));
  });

  it("point at the import of a missing package and name the command", async () => {
    const root = createTempProject({
      "package.json": '{ "dependencies": { "listed": "1" } }',
      "model/model.ts":
        'import a from "@s/missing/sub";\nimport { b } from "listed";\nexport class Model { x = [a, b] }\n',
    });
    const { errors } = await buildErrors(root);
    expect(errors).toMatchObject([
      { message: 'Cannot find package "@s/missing". Run: npm install @s/missing', line: 1, column: 15 },
      { message: 'Cannot find package "listed". Run: npm install', line: 2, column: 19 },
    ]);
  });

  it("name the project's own package manager", async () => {
    const root = createTempProject({
      "pnpm-lock.yaml": "",
      "model/model.ts": 'import a from "missing";\nexport class Model { a = a }\n',
    });
    expect((await buildErrors(root)).errors[0]?.message).toContain("pnpm add missing");
  });

  it("tell a package that lacks a path from one that is not there", async () => {
    const root = createTempProject({
      "node_modules/here/package.json": '{ "name": "here", "exports": { ".": "./i.js" } }',
      "node_modules/here/i.js": "",
      "model/model.ts": 'import a from "here/inside";\nexport class Model { a = a }\n',
    });
    expect((await buildErrors(root)).errors[0]?.message).toContain('is installed, but has no "here/inside"');
  });

  it("go away once the source is right", async () => {
    const root = createTempProject({ "model/model.ts": "export class {" });
    const bundler = await openBundler(root);
    expect((await bundler.build()).ok).toBe(false);
    writeFiles(root, { "model/model.ts": "export class Model { predict() { return 7; } }" });
    const { file } = await build(bundler);
    expect(await evaluate(file, "return new module.Model().predict();")).toBe(7);
  });

  it("come for a model file that is gone", async () => {
    const root = createTempProject({ "model/model.ts": "export class Model {}" });
    const bundler = await openBundler(root);
    await build(bundler);
    rmSync(join(root, "model", "model.ts"));
    expect(await bundler.build()).toMatchObject({
      ok: false,
      errors: [{ message: expect.stringContaining("model/model.ts") as string }],
    });
  });
});

describe("builds one after the other", () => {
  it("get a new file for a new content, and the same for the same", async () => {
    const root = createTempProject({ "model/model.ts": "export class Model { a = 1 }" });
    const bundler = await openBundler(root);
    const first = await build(bundler);
    expect((await build(bundler)).file).toBe(first.file);
    writeFiles(root, { "model/model.ts": "export class Model { a = 2 }" });
    const second = await build(bundler);
    expect(second.file).not.toBe(first.file);
    expect(existsSync(first.file)).toBe(true);
  });

  it("see an edit made while another build ran", async () => {
    const root = createTempProject({ "model/model.ts": "export class Model { a = 1 }" });
    const bundler = await openBundler(root);
    const early = bundler.build();
    await Promise.resolve();
    writeFiles(root, { "model/model.ts": "export class Model { a = 2 }" });
    const late = await build(bundler);
    expect(readFileSync(late.file, "utf8")).toContain("a = 2");
    await early;
  });

  it("keep the last ones and those that are held, and close() removes all", async () => {
    const root = createTempProject({ "model/model.ts": "" });
    const bundler = await openBundler(root);
    const files: string[] = [];
    let letGo = () => {};
    for (let round = 0; round < 36; round++) {
      writeFiles(root, { "model/model.ts": `export class Model { a = ${round} }` });
      files.push((await build(bundler)).file);
      if (round === 0) letGo = bundler.hold(files[0] ?? "");
    }
    const there = () => files.filter((file) => existsSync(file) && existsSync(`${file}.map`));
    await vi.waitFor(() => expect(there()).toEqual([files[0], ...files.slice(-4)]), { timeout: 5_000 });
    letGo();
    await vi.waitFor(() => expect(there()).toEqual(files.slice(-4)), { timeout: 5_000 });
    const last = files.at(-1) ?? "";
    expect(existsSync(last) && existsSync(`${last}.map`)).toBe(true);
    await bundler.close();
    await bundler.close();
    expect(existsSync(dirname(last))).toBe(false);
  });

  it("put a bundle back that is held again after it was removed", async () => {
    const root = createTempProject({ "model/model.ts": "export class Model {}" });
    const bundler = await openBundler(root);
    const { file } = await build(bundler);
    rmSync(dirname(file), { recursive: true });
    bundler.hold(file);
    expect(existsSync(file) && existsSync(`${file}.map`)).toBe(true);
  });

  it("survive the removal of the folder", async () => {
    const root = createTempProject({ "model/model.ts": "export class Model {}", "node_modules/.keep": "" });
    const bundler = await openBundler(root);
    await build(bundler);
    rmSync(join(root, "node_modules"), { recursive: true });
    expect(existsSync((await build(bundler)).file)).toBe(true);
  });
});

describe("the bundle's folder", () => {
  it("lies in node_modules/.cache where there are packages", async () => {
    const root = createTempProject({ "model/model.ts": "", "node_modules/.keep": "" });
    const { file } = await build(await openBundler(root));
    expect(file.startsWith(join(root, "node_modules", ".cache", "truss-ts"))).toBe(true);
  });

  it("is else .truss-ts, unknown to git", async () => {
    const root = createTempProject({ "model/model.ts": "" });
    const { file } = await build(await openBundler(root));
    expect(file.startsWith(join(root, ".truss-ts"))).toBe(true);
    expect(readFileSync(join(root, ".truss-ts", ".gitignore"), "utf8")).toBe("*\n");
  });

  it("is the given one", async () => {
    const root = createTempProject({ "model/model.ts": "" });
    const bundler = await openBundler(root, { outDir: join(root, "out") });
    const { file } = await build(bundler);
    expect(dirname(file)).toBe(join(root, "out"));
    expect(readdirSync(join(root, "out")).sort()).toEqual([basename(file), `${basename(file)}.map`]);
    await bundler.close();
    expect(readdirSync(join(root, "out"))).toEqual([]);
  });

  it("loses what killed processes left, and nothing else", async () => {
    const ended = await run(process.execPath, ["-p", "process.pid"]);
    const dead = `.truss-ts/${ended.stdout.trim()}-1`;
    const root = createTempProject({
      "model/model.ts": "",
      [`${dead}/model-1.mjs`]: "",
      [`.truss-ts/${process.ppid}-1/x`]: "",
    });
    await openBundler(root);
    expect(existsSync(join(root, dead))).toBe(false);
    expect(existsSync(join(root, `.truss-ts/${process.ppid}-1/x`))).toBe(true);
  });

  it("are made elsewhere where the project cannot be written to, and go from there", async () => {
    const root = createTempProject({
      "model/model.ts": 'import { one } from "pkg";\nexport const value: number = one;\n',
      "node_modules/pkg/package.json": '{"name":"pkg","type":"module","exports":"./index.js"}',
      "node_modules/pkg/index.js": "export const one = 1;\n",
      // Even who may write everywhere cannot make a folder in a file.
      "node_modules/.cache": "a file in the way",
    });
    const bundler = await openBundler(root);
    const built = await bundler.build();
    if (!built.ok) throw new Error(built.errors[0]?.message);
    expect(built.file.startsWith(root)).toBe(false);
    expect(await import(pathToFileURL(built.file).href)).toMatchObject({ value: 1 });
    await bundler.close();
    expect(existsSync(dirname(built.file))).toBe(false);
    expect(existsSync(join(root, "node_modules", "pkg", "index.js"))).toBe(true);
  });

  it("that cannot be written is named", async () => {
    const root = createTempProject({ "model/model.ts": "", out: "a file in the way" });
    await expect(openBundler(root, { outDir: join(root, "out", "deep") })).rejects.toMatchObject({
      code: "WRITE_FAILED",
      message: expect.stringMatching(/out.*\((?:ENOTDIR|EEXIST|ENOENT)\)/) as string,
      hint: expect.stringContaining("writable") as string,
    });
  });
});

function findAddon(): string {
  const scopes = fileURLToPath(new URL("../../../node_modules/@rolldown", import.meta.url));
  for (const name of readdirSync(scopes)) {
    const found = readdirSync(join(scopes, name)).find((file) => file.endsWith(".node"));
    if (found !== undefined) return realpathSync(join(scopes, name, found));
  }
  throw new Error("no addon is at hand");
}
