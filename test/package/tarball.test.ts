import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publint } from "publint";

const root = fileURLToPath(new URL("../..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
const npm = (args: readonly string[], cwd: string) =>
  execFileSync("npm", [...args, "--no-audit", "--no-fund", "--loglevel", "error"], { cwd, encoding: "utf8" });

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

let folder = "";
let packed: Packed;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "truss-ts-package-"));
  const [first] = JSON.parse(
    npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root),
  ) as Packed[];
  if (first === undefined) throw new Error("npm pack made nothing");
  packed = first;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the published package", () => {
  it("weighs less than 1 MB", () => {
    expect(packed.size).toBeLessThan(1_000_000);
  });

  it("holds the doors with their types, the command and the templates, and nothing of the workshop", () => {
    const paths = packed.files.map(({ path }) => path);
    for (const door of ["index", "testing", "runtime"]) {
      expect(paths).toContain(`dist/${door}.js`);
      expect(paths).toContain(`dist/${door}.d.ts`);
    }
    expect(paths).toContain("bin/truss-ts.js");
    expect(paths).toContain("templates/chat/model/model.ts");
    expect(paths.filter((path) => /^(src|test|\.ci|node_modules)\//.test(path))).toEqual([]);
  });

  it("passes publint", async () => {
    const { messages } = await publint({ pkgDir: root, strict: true });
    expect(messages).toEqual([]);
  });

  it("names no download host in its lock file", () => {
    expect(readFileSync(join(root, "package-lock.json"), "utf8")).not.toMatch(/"resolved": *"https?:/);
  });
});

describe("installed from its tarball", () => {
  let home = "";
  const run = (file: string, ...args: string[]) =>
    spawnSync(process.execPath, [file, ...args], { cwd: home, encoding: "utf8" });

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), "truss-ts-installed-"));
    writeFileSync(join(home, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
    npm(["install", "--prefer-offline", "--ignore-scripts", join(folder, packed.filename)], home);
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it("runs, and depends on its own version in what it scaffolds", () => {
    const bin = join(home, "node_modules", "truss-ts", "bin", "truss-ts.js");
    expect(run(bin, "--version").stdout).toBe(`${manifest.version}\n`);
    const made = run(bin, "init", "my-model", "--yes", "--no-install", "--no-git", "--json");
    expect(made.status).toBe(0);
    const project = JSON.parse(readFileSync(join(home, "my-model", "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    expect(project.dependencies["truss-ts"]).toBe(`^${manifest.version}`);
  });

  it("opens all three doors", () => {
    const script = join(home, "doors.mjs");
    writeFileSync(
      script,
      `import * as main from "truss-ts"; import * as testing from "truss-ts/testing"; import * as runtime from "truss-ts/runtime";
       console.log(JSON.stringify([main, testing, runtime].map((door) => Object.keys(door).sort())));`,
    );
    expect(JSON.parse(run(script).stdout)).toEqual([
      [
        "HttpError",
        "messagesFrom",
        "textOfTurn",
        "toChatCompletion",
        "toChatRequest",
        "toCompletion",
        "toEmbeddings",
        "toMessage",
        "toMessageRequest",
        "toResponse",
      ],
      ["createTestModel"],
      ["serveModel"],
    ]);
  });
});
