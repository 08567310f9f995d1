import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listFiles, makeFolder, pathWith } from "./init-run.ts";
import { ctrlC, enter, open } from "./terminal.ts";

const down = "\u001B[B";

const questions = ["Where shall the project be?", "Which template?", "Install with npm?", "Make a git repository?"];

describe("init on a terminal", () => {
  test("asks for what no flag answered, and does what was answered", async () => {
    const cwd = makeFolder();
    const terminal = open(["init"], { cwd });
    await terminal.sees("Where shall the project be?");
    terminal.types(`  demo app ${enter}`);
    await terminal.sees("Which template?");
    terminal.types(`${down}${enter}`);
    await terminal.sees("Install with npm?");
    terminal.types("n");
    await terminal.sees("Make a git repository?");
    terminal.types("n");
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toContain("demo app is ready (template minimal)");
    expect(terminal.screen()).toContain("cd 'demo app'");
    expect(readFileSync(join(cwd, "demo app/config.yaml"), "utf8")).toContain('model_name: "demo app"');
  });

  test("Enter takes the defaults", async () => {
    const cwd = makeFolder();
    const terminal = open(["init", "--no-install", "--no-git"], { cwd });
    await terminal.sees("Where shall the project be?");
    terminal.types(enter);
    await terminal.sees("Which template?");
    terminal.types(enter);
    expect(await terminal.ended).toBe(0);
    expect(listFiles(cwd)).toContain("my-model/data/wonderland.txt");
  });

  test("asks nothing that flags have answered", async () => {
    const cwd = makeFolder();
    const args = ["init", "app", "--template", "minimal", "--no-install", "--no-git"];
    const terminal = open(args, { cwd });
    expect(await terminal.ended).toBe(0);
    for (const question of questions) expect(terminal.screen()).not.toContain(question);
  });

  test.each([["--yes"], ["--non-interactive"]])("asks nothing with %s", async (flag) => {
    const cwd = makeFolder();
    const terminal = open(["init", "app", "--no-install", "--no-git", flag], { cwd });
    expect(await terminal.ended).toBe(0);
    for (const question of questions) expect(terminal.screen()).not.toContain(question);
  });

  test("asks nothing in CI", async () => {
    const cwd = makeFolder();
    const terminal = open(["init"], { cwd, env: { CI: "1" } });
    expect(await terminal.ended).toBe(2);
    expect(listFiles(cwd)).toEqual([]);
  });

  test("a folder that is taken is asked for again", async () => {
    const cwd = makeFolder();
    mkdirSync(join(cwd, "taken"));
    writeFileSync(join(cwd, "taken/notes.md"), "mine");
    const terminal = open(["init", "--template", "minimal", "--no-install", "--no-git"], { cwd });
    await terminal.sees("Where shall the project be?");
    terminal.types(`taken${enter}`);
    await terminal.sees("is not empty");
    await terminal.sees("Where shall the project be?", 2);
    terminal.types(`free${enter}`);
    expect(await terminal.ended).toBe(0);
    expect(listFiles(cwd)).toContain("free/config.yaml");
  });

  test("--force asks before it overwrites, and No changes nothing", async () => {
    const cwd = makeFolder();
    writeFileSync(join(cwd, "config.yaml"), "mine");
    const args = ["init", ".", "--force", "--template", "minimal", "--no-install", "--no-git"];
    const refusing = open(args, { cwd });
    await refusing.sees("Overwrite this file?");
    refusing.types(enter);
    expect(await refusing.ended).toBe(130);
    expect(listFiles(cwd)).toEqual(["config.yaml"]);
    const agreeing = open(args, { cwd });
    await agreeing.sees("Overwrite this file?");
    agreeing.types("y");
    expect(await agreeing.ended).toBe(0);
    expect(readFileSync(join(cwd, "config.yaml"), "utf8")).toContain("model_name");
  });

  test.each(questions.map((question, index) => ({ question, index })))(
    "Ctrl-C at “$question” leaves nothing",
    async ({ index }) => {
      const cwd = makeFolder();
      const terminal = open(["init"], { cwd });
      for (const [at, question] of questions.slice(0, index + 1).entries()) {
        await terminal.sees(question);
        terminal.types(at === index ? ctrlC : enter);
      }
      expect(await terminal.ended).toBe(130);
      expect(terminal.screen()).toContain("Nothing was written");
      expect(listFiles(cwd)).toEqual([]);
    },
  );

  test("SIGTERM at a question leaves nothing", async () => {
    const cwd = makeFolder();
    const terminal = open(["init"], { cwd });
    await terminal.sees("Where shall the project be?");
    terminal.kill("SIGTERM");
    expect(await terminal.ended).toBe(130);
    expect(listFiles(cwd)).toEqual([]);
  });

  test("Ctrl-C during the install keeps the project without its packages", async () => {
    const cwd = makeFolder();
    const PATH = pathWith("npm", "mkdir node_modules; echo half-way; exec sleep 300");
    const terminal = open(["init", "app", "--template", "minimal", "--no-git", "--install"], { cwd, env: { PATH } });
    await terminal.sees("half-way");
    terminal.types(ctrlC);
    expect(await terminal.ended).toBe(130);
    expect(terminal.screen()).toContain("is complete");
    expect(terminal.screen()).not.toContain("git repository");
    expect(listFiles(cwd)).toContain("app/config.yaml");
    expect(listFiles(cwd)).not.toContain("app/node_modules");
  });
});
