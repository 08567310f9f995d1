import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { listFiles, makeFolder, pathWith, run, start } from "./init-run.ts";

const minimal = ["init", "app", "--template", "minimal", "--non-interactive"];
const projectFiles = [
  ".env.example",
  ".gitignore",
  "README.md",
  "config.yaml",
  "model/model.ts",
  "package.json",
  "test/model.test.ts",
  "tsconfig.json",
];

const identity = {
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.com",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.com",
};

describe("the install", () => {
  test("is followed by a first commit that has the lockfile", async () => {
    const cwd = makeFolder();
    const PATH = pathWith("npm", "echo '{}' > package-lock.json; mkdir node_modules; touch node_modules/x");
    const { code, stdout, stderr } = await run([...minimal, "--json"], { cwd, env: { ...identity, PATH } });
    expect(stderr).toMatch(/written to .*\nInstalling with npm …\n✔ Installed with npm in [\d.]+ s\n✔ Git repository/);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ installed: true, git: true, next: ["cd app", "npm run dev"] });
    const { spawnSync } = await import("node:child_process");
    const { stdout: tracked } = spawnSync("git", ["ls-files"], { cwd: join(cwd, "app"), encoding: "utf8" });
    expect(tracked.trim().split("\n")).toEqual([...projectFiles, "package-lock.json"].toSorted());
  });

  test("that fails leaves a usable project, and the command to run", async () => {
    const cwd = makeFolder();
    const PATH = pathWith("npm", "echo the registry is on fire >&2; exit 1");
    const { code, stdout, stderr } = await run([...minimal, "--no-git"], { cwd, env: { PATH } });
    expect(code).toBe(1);
    expect(stderr).toContain("the registry is on fire");
    expect(stderr).toContain("npm install failed");
    expect(stdout).toContain("  cd app\n  npm install\n  npm run dev\n");
    expect(listFiles(cwd)).toEqual(projectFiles.map((path) => `app/${path}`));
  });

  test("that fails is also said in --json", async () => {
    const cwd = makeFolder();
    const PATH = pathWith("npm", "exit 1");
    const { code, stdout } = await run([...minimal, "--no-git", "--json"], { cwd, env: { PATH } });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ installed: false, next: ["cd app", "npm install", "npm run dev"] });
  });

  test("does not make a repository inside another", async () => {
    const cwd = makeFolder();
    const { spawnSync } = await import("node:child_process");
    spawnSync("git", ["init", "--quiet"], { cwd });
    const { code, stdout } = await run([...minimal, "--no-install", "--json"], { cwd, env: identity });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ git: false });
    expect(existsSync(join(cwd, "app/.git"))).toBe(false);
  });

  test("a git that fails is a warning", async () => {
    const cwd = makeFolder();
    const PATH = pathWith("git", 'test "$1" = init && exit 0; echo git is unwell >&2; exit 1');
    const { code, stderr } = await run([...minimal, "--no-install"], { cwd, env: { PATH } });
    expect(code).toBe(0);
    expect(stderr).toContain("! git could not make the first commit: git is unwell");
  });
});

describe("an interruption", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "by %s during the install keeps the project only",
    async (signal) => {
      const cwd = makeFolder();
      const PATH = pathWith("npm", "mkdir -p node_modules/half; echo '{' > package-lock.json; exec sleep 300");
      const { child, ended } = start(minimal, { cwd, env: { PATH } });
      await vi.waitFor(() => expect(existsSync(join(cwd, "app/package-lock.json"))).toBe(true), { timeout: 20_000 });
      child.kill(signal);
      const { code, stderr, stdout } = await ended;
      expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
      expect(stderr).toContain("complete");
      expect(stderr).toContain("npm install");
      expect(stderr).toContain("No git repository was made.");
      expect(listFiles(cwd)).toEqual(projectFiles.map((path) => `app/${path}`));
    },
  );

  test("ends at once when it comes again, with whatever does not heed the first", async () => {
    const cwd = makeFolder();
    const PATH = pathWith("npm", "trap '' TERM; echo $$ > pid.new; mv pid.new pid; while :; do sleep 1; done");
    const { child, ended } = start(minimal, { cwd, env: { PATH } });
    await vi.waitFor(() => expect(existsSync(join(cwd, "app/pid"))).toBe(true), { timeout: 20_000 });
    const pid = Number(readFileSync(join(cwd, "app/pid"), "utf8"));
    child.kill("SIGINT");
    child.kill("SIGTERM");
    const { code, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: expect.stringContaining("Cancelled at once") });
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"), { timeout: 20_000 });
  });

  // Whenever it comes: there is a whole project, or nothing.
  test.each(Array.from({ length: 12 }, (_, index) => index * 12))(
    "after %i ms leaves all or nothing",
    async (delay) => {
      const cwd = makeFolder();
      const { child, ended } = start(["init", "deep/app", ...minimal.slice(2), "--no-install", "--no-git"], { cwd });
      const timer = setTimeout(() => child.kill("SIGINT"), delay);
      const { code, signal } = await ended;
      clearTimeout(timer);
      const files = listFiles(cwd);
      if (files.length > 0) expect(files).toEqual(projectFiles.map((path) => `deep/app/${path}`));
      expect([0, 130, null]).toContain(code);
      expect([null, "SIGINT"]).toContain(signal);
      if (code === 0) expect(readFileSync(join(cwd, "deep/app/config.yaml"), "utf8")).toContain("model_name: app");
    },
  );
});
