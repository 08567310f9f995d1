import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { listFiles, makeFolder, readJson, run } from "./init-run.ts";

const quick = ["--yes", "--no-install", "--no-git"];

const chatFiles = [
  ".env.example",
  ".gitignore",
  "README.md",
  "config.yaml",
  "data/wonderland.txt",
  "model/generator.ts",
  "model/model.ts",
  "model/random.ts",
  "model/topic-finder.ts",
  "package.json",
  "test/model.test.ts",
  "tsconfig.json",
];

describe("init without a terminal", () => {
  test("says in its help what it does where nobody can be asked", async () => {
    const { stdout } = await run(["init", "--help"], { cwd: makeFolder() });
    const words = stdout.replaceAll(/\s+/g, " ");
    expect(words).toContain("never ask: take the default for whatever no flag answers; the folder must be named");
  });

  test("makes the default project and says what comes next", async () => {
    const cwd = makeFolder();
    const { code, stdout, stderr } = await run(["init", "my model", ...quick], { cwd });
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "\nmy model is ready (template chat). Next:\n\n  cd 'my model'\n  npm install\n  npm run dev\n\n",
      stderr: `✔ 12 files written to ${join(cwd, "my model")}\n`,
    });
    expect(listFiles(cwd)).toEqual(chatFiles.map((path) => `my model/${path}`));
  });

  test("--json prints one object, and nothing else on stdout", async () => {
    const cwd = makeFolder();
    const { code, stdout } = await run(["init", "app", ...quick, "--json"], { cwd });
    expect(code).toBe(0);
    expect(stdout.endsWith("}\n")).toBe(true);
    expect(JSON.parse(stdout)).toEqual({
      dir: join(cwd, "app"),
      name: "app",
      template: "chat",
      packageManager: "npm",
      installed: false,
      git: false,
      files: chatFiles,
      next: ["cd app", "npm install", "npm run dev"],
    });
  });

  test("--yes alone makes ./my-model; nothing at all is a usage fault", async () => {
    const cwd = makeFolder();
    const refused = await run(["init"], { cwd });
    expect(refused).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("init my-model") });
    expect(await run(["init", "--json"], { cwd })).toMatchObject({ code: 2, stdout: "" });
    for (const blank of ["", "   "]) {
      expect(await run(["init", blank, ...quick], { cwd })).toMatchObject({ code: 2, stdout: "" });
    }
    expect(listFiles(cwd)).toEqual([]);
    expect((await run(["init", ...quick], { cwd })).code).toBe(0);
    expect(existsSync(join(cwd, "my-model/config.yaml"))).toBe(true);
  });

  test("fills the folder it stands in", async () => {
    const cwd = join(makeFolder(), "Here & now");
    mkdirSync(cwd);
    const { code, stdout } = await run(["init", ".", ...quick, "--json"], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ dir: cwd, name: "Here & now", next: ["npm install", "npm run dev"] });
    expect(listFiles(cwd)).toEqual(chatFiles);
  });

  test.each(["pnpm", "yarn", "bun"])("goes by the user agent of %s", async (packageManager) => {
    const cwd = makeFolder();
    const env = { CI: "1", npm_config_user_agent: `${packageManager}/9.0.0 npm/? node/v20.20.2 linux x64` };
    const { stdout } = await run(["init", "app", ...quick, "--json"], { cwd, env });
    expect(JSON.parse(stdout)).toMatchObject({
      packageManager,
      next: ["cd app", `${packageManager} install`, `${packageManager} run dev`],
    });
    expect(readFileSync(join(cwd, "app/README.md"), "utf8")).toContain(`${packageManager} run dev`);
  });

  test("--package-manager goes before the user agent", async () => {
    const cwd = makeFolder();
    const env = { npm_config_user_agent: "pnpm/9.0.0" };
    const { stdout } = await run(["init", "app", ...quick, "--json", "--package-manager", "yarn"], { cwd, env });
    expect(JSON.parse(stdout)).toMatchObject({ packageManager: "yarn" });
    const refused = await run(["init", "other", ...quick, "--package-manager", "cargo"], { cwd });
    expect(refused).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("npm") });
    expect(existsSync(join(cwd, "other"))).toBe(false);
  });

  test("lists the templates", async () => {
    const cwd = makeFolder();
    const { code, stdout } = await run(["init", "--list-templates", "--json"], { cwd });
    expect(code).toBe(0);
    const expected = ["chat", "minimal", "completions", "embeddings", "anthropic", "openai-proxy", "ocr"];
    const entries = expected.map((name) => ({ name, title: expect.any(String), description: expect.any(String) }));
    expect(JSON.parse(stdout)).toEqual({ templates: entries });
    const plain = await run(["init", "--list-templates"], { cwd });
    expect(
      plain.stdout
        .trim()
        .split("\n")
        .map((line) => line.split(" ")[0]),
    ).toEqual(expected);
  });
});

describe("names", () => {
  test.each(["My Model", "模型 №1", 'quo"te', "a: b # c", "$& {{x}}", "-dash", "100% %41", "no"])(
    "a folder called %j works, and config.yaml holds the name",
    async (name) => {
      const cwd = makeFolder();
      const { code, stdout } = await run(["init", ...quick, "--json", "--", name], { cwd });
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ name, dir: join(cwd, name) });
      expect(parse(readFileSync(join(cwd, name, "config.yaml"), "utf8"))).toMatchObject({ model_name: name });
      const manifest = readJson(cwd, name, "package.json");
      expect(Reflect.get(Object(manifest), "name")).toMatch(/^[a-z0-9][a-z0-9._-]*$/);
    },
  );

  test("--name goes before the folder's", async () => {
    const cwd = makeFolder();
    await run(["init", "app", ...quick, "--name", "  Ünï: code "], { cwd });
    expect(parse(readFileSync(join(cwd, "app/config.yaml"), "utf8"))).toMatchObject({ model_name: "  Ünï: code " });
    expect(readJson(cwd, "app/package.json")).toMatchObject({ name: "uni-code" });
  });

  test.each(["", "  ", "two\nlines", "bell\u0007", "x".repeat(300)])("%j is refused", async (name) => {
    const cwd = makeFolder();
    const { code, stdout, stderr } = await run(["init", "app", ...quick, "--name", name], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("name");
    expect(listFiles(cwd)).toEqual([]);
  });
});

describe("refusals", () => {
  test("a folder that is not empty stays untouched", async () => {
    const cwd = makeFolder();
    mkdirSync(join(cwd, "app"));
    writeFileSync(join(cwd, "app/notes.md"), "mine");
    const { code, stderr } = await run(["init", "app", ...quick], { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain("notes.md");
    expect(stderr).toContain("--force");
    expect(listFiles(cwd)).toEqual(["app/notes.md"]);
  });

  test("what git and the Finder leave does not count", async () => {
    const cwd = makeFolder();
    mkdirSync(join(cwd, ".git"));
    writeFileSync(join(cwd, ".DS_Store"), "");
    expect((await run(["init", ".", ...quick], { cwd })).code).toBe(0);
    expect(listFiles(cwd)).toEqual([".DS_Store", ".git", ...chatFiles].toSorted());
  });

  test("--force shows what it overwrites, and keeps the rest", async () => {
    const cwd = makeFolder();
    writeFileSync(join(cwd, "notes.md"), "mine");
    writeFileSync(join(cwd, "config.yaml"), "old");
    const { code, stderr } = await run(["init", ".", ...quick, "--force"], { cwd });
    expect(code).toBe(0);
    expect(stderr).toMatch(/change:\n  config\.yaml\n✔/);
    expect(readFileSync(join(cwd, "notes.md"), "utf8")).toBe("mine");
    expect(readFileSync(join(cwd, "config.yaml"), "utf8")).toContain("model_name");
    expect(listFiles(cwd)).toEqual([...chatFiles, "notes.md"].toSorted());
  });

  test("--force writes neither through links nor over folders", async () => {
    const cwd = makeFolder();
    mkdirSync(join(cwd, "elsewhere"));
    mkdirSync(join(cwd, "app"));
    symlinkSync(join(cwd, "elsewhere"), join(cwd, "app/model"));
    expect((await run(["init", "app", ...quick, "--force"], { cwd })).code).toBe(1);
    expect(listFiles(join(cwd, "elsewhere"))).toEqual([]);
  });

  test("a file in the way is a clear refusal", async () => {
    const cwd = makeFolder();
    writeFileSync(join(cwd, "file"), "mine");
    for (const dir of ["file", "file/below"]) {
      const { code, stderr } = await run(["init", dir, ...quick], { cwd });
      expect({ code, stack: stderr.includes("    at ") }).toEqual({ code: 1, stack: false });
      expect(stderr).toContain("not a folder");
    }
    expect(listFiles(cwd)).toEqual(["file"]);
  });

  test("an unknown template gets a suggestion", async () => {
    const cwd = makeFolder();
    const { code, stdout, stderr } = await run(["init", "app", ...quick, "--template", "embedings"], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Did you mean embeddings?");
    expect(listFiles(cwd)).toEqual([]);
  });
});
