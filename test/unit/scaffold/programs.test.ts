import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createRepository } from "../../../src/scaffold/git.ts";
import { installPackages } from "../../../src/scaffold/install.ts";
import { makeFolder, readTree } from "./folder.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("installing", () => {
  test("tells what the package manager says, line by line", async () => {
    const dir = makeFolder();
    provide("npm", 'echo one; echo two >&2; echo "$@" > asked');
    const lines: string[] = [];
    const result = await install(dir, { onLine: (line) => lines.push(line) });
    expect(result).toEqual({ ok: true });
    expect(lines.toSorted()).toEqual(["one", "two"]);
    expect(readTree(dir)["asked"]).toMatch(/^install /);
  });

  test("a failure leaves the project, and says why", async () => {
    const dir = makeFolder();
    writeFileSync(join(dir, "package.json"), "{}");
    provide("npm", "echo the registry is on fire >&2; exit 3");
    expect(await install(dir)).toEqual({ ok: false, why: "npm install failed.", output: "the registry is on fire" });
    expect(readTree(dir)).toEqual({ "package.json": "{}" });
  });

  test("of npm's words a failure keeps those that say what failed", async () => {
    const dir = makeFolder();
    const said = [
      "added 1 package",
      "npm warn deprecated left-pad",
      "npm error code E404",
      "npm error",
      "npm error 404 Not Found - GET https://example.com/none",
      "npm error     at fetch (/usr/lib/npm/fetch.js:10:3)",
      "npm error A complete log of this run can be found in: npm.log",
      "trailing words",
    ];
    provide("npm", `cat <<'END'\n${said.join("\n")}\nEND\nexit 1`);
    expect(await install(dir)).toMatchObject({ output: [said[2], said[4], said[6]].join("\n") });
  });

  test("of much that npm says of a failure it keeps the beginning, and where the rest is", async () => {
    const lines = Array.from({ length: 40 }, (_, index) => `npm error line ${index}`);
    provide("npm", `cat <<'END'\n${lines.join("\n")}\nEND\nexit 1`);
    expect(await install(makeFolder())).toMatchObject({ output: [...lines.slice(0, 14), lines[39]].join("\n") });
  });

  test("of another package manager's words it keeps the end, without stacks", async () => {
    provide("npm", "echo 'fire'; echo '    at burn (a.js:1:1)'; echo 'ashes'; exit 1");
    expect(await install(makeFolder())).toMatchObject({ output: "fire\nashes" });
  });

  test("a package manager that is not there is named", async () => {
    vi.stubEnv("PATH", makeFolder());
    expect(await install(makeFolder())).toEqual({ ok: false, why: "npm was not found.", output: "" });
  });

  test("an interruption ends all that was started, and removes what was begun", async () => {
    const dir = makeFolder();
    writeFileSync(join(dir, "package.json"), "{}");
    // It ignores the polite signal and has a child of its own.
    provide("npm", "trap '' TERM; mkdir node_modules; sleep 300 & echo $! > node_modules/pid; wait; sleep 300");
    const stop = new AbortController();
    const installing = install(dir, { signal: stop.signal });
    const pid = Number(await appear(join(dir, "node_modules", "pid")));
    stop.abort(new Error("interrupted"));
    await expect(installing).rejects.toThrow("interrupted");
    expect(readTree(dir)).toEqual({ "package.json": "{}" });
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false));
  });
});

describe("the first commit", () => {
  test("is made", async () => {
    const dir = makeFolder();
    writeFileSync(join(dir, "a.txt"), "a");
    stubIdentity();
    expect(await createRepository(dir, new AbortController().signal)).toEqual({ made: true });
    expect(existsSync(join(dir, ".git"))).toBe(true);
  });

  test("is not made inside another repository", async () => {
    const dir = makeFolder();
    stubIdentity();
    writeFileSync(join(dir, "a.txt"), "a");
    await createRepository(dir, new AbortController().signal);
    mkdirSync(join(dir, "inner"));
    expect(await createRepository(join(dir, "inner"), new AbortController().signal)).toEqual({ made: false });
    expect(readTree(join(dir, "inner"))).toEqual({});
  });

  test("that fails is a warning, and leaves no repository", async () => {
    const dir = makeFolder();
    stubIdentity(false);
    const result = await createRepository(dir, new AbortController().signal);
    expect(result).toEqual({ made: false, why: expect.stringContaining("git could not make the first commit") });
    expect(readTree(dir)).toEqual({});
  });

  test("is left out without git", async () => {
    vi.stubEnv("PATH", makeFolder());
    expect(await createRepository(makeFolder(), new AbortController().signal)).toEqual({ made: false });
  });
});

type InstallExtras = Partial<Parameters<typeof installPackages>[0]>;

function install(dir: string, extras: InstallExtras = {}) {
  return installPackages({ dir, packageManager: "npm", signal: new AbortController().signal, ...extras });
}

/** Puts a program of that name before all others. */
function provide(name: string, script: string): void {
  const folder = makeFolder();
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env["PATH"] ?? ""}`);
}

/** Who commits; git refuses to for nobody. */
function stubIdentity(known = true): void {
  vi.stubEnv("HOME", makeFolder());
  vi.stubEnv("XDG_CONFIG_HOME", makeFolder());
  vi.stubEnv("GIT_CONFIG_NOSYSTEM", "1");
  for (const who of ["AUTHOR", "COMMITTER"]) {
    vi.stubEnv(`GIT_${who}_NAME`, known ? "Ada" : "");
    vi.stubEnv(`GIT_${who}_EMAIL`, "ada@example.com");
  }
}

/** A process that ended and that nobody has asked about yet counts as ended. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}

/** The content of a file, once it has some. */
function appear(path: string): Promise<string> {
  const read = () => {
    const text = readFileSync(path, "utf8").trim();
    if (text === "") throw new Error(`${path} is still empty`);
    return text;
  };
  return vi.waitFor(read, { timeout: 10_000 });
}
