import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startNpmRegistry } from "../support/npm-registry.ts";
import { environment, makeFolder, run } from "./init-run.ts";

const native = { "build.node": "\u007fELF" };
const outside = (name: string, fields: object = {}, version = "1.0.0") => ({
  manifest: { name, version, ...fields },
  files: native,
});

const cache = join(tmpdir(), `truss-ts-npm-cache-${process.pid}`);
let registry = { url: "", close: () => {} };
beforeAll(async () => {
  registry = await startNpmRegistry([
    outside("out", {
      dependencies: { dep: "^1.0.0", deep: "1.0.0" },
      optionalDependencies: { "out-linux": "1.0.0", "out-mac": "1.0.0" },
    }),
    outside("out-linux", { os: ["linux"], cpu: ["x64", "arm64"] }),
    outside("out-mac", { os: ["darwin"], cpu: ["arm64"] }),
    { manifest: { name: "dep", version: "1.0.0" } },
    { manifest: { name: "dep", version: "1.5.0" } },
    { manifest: { name: "dep", version: "2.0.0" } },
    {
      manifest: {
        name: "deep",
        version: "1.0.0",
        dependencies: { dep: "1.0.0" },
        peerDependencies: { peer: "*", absent: "*" },
        peerDependenciesMeta: { absent: { optional: true } },
      },
    },
    { manifest: { name: "peer", version: "3.0.0" } },
    {
      manifest: { name: "pure", version: "1.0.0", dependencies: { out: "^1.0.0" } },
      files: { "index.js": "module.exports = () => require('out');" },
    },
    { manifest: { name: "tool", version: "1.0.0", dependencies: { dep: "2.0.0" } } },
  ]);
});
afterAll(() => {
  registry.close();
  rmSync(cache, { recursive: true, force: true, maxRetries: 3 });
});

describe("packages outside the bundle", { timeout: 120_000 }, () => {
  test("are installed by npm ci from the lockfile's own part of them", async () => {
    const dir = await makeProject({ dependencies: { out: "1.0.0", dep: "2.0.0" }, devDependencies: { tool: "1.0.0" } });
    const { json, stderr } = await push(dir);
    expect(json.files).toEqual(expect.arrayContaining(["model/package.json", "model/package-lock.json"]));
    expect(stderr).toMatch(/Installed where it runs:\n {4}out 1\.0\.0 /);
    expect(await install(json.path)).toEqual([
      "deep@1.0.0",
      "dep@1.0.0 below deep",
      "dep@1.5.0 below out",
      "out-linux@1.0.0",
      "out@1.0.0",
      "peer@3.0.0",
    ]);
    const lock = readFileSync(join(dirname(json.path), "run/model/package-lock.json"), "utf8");
    expect(lock).toContain("out-mac");
    expect(lock).not.toMatch(/"tool|2\.0\.0/);
    const config = readFileSync(join(dirname(json.path), "run/config.yaml"), "utf8");
    expect(config).toContain("cd /app/model && npm ci --omit=dev");
  });

  test("are found in workspaces, below bundled ones, by another name, and as npm's overrides have them", async () => {
    const manifest = { dependencies: { pure: "1.0.0" }, devDependencies: { alias: "npm:out@1.0.0" } };
    const dir = await makeProject(manifest, { below: "packages/app", overrides: { dep: "2.0.0" } }, ["pure", "alias"]);
    const { json, manifest: staged } = await push(dir);
    expect(staged).toMatchObject({ dependencies: { alias: "npm:out@1.0.0", out: "1.0.0" } });
    expect(await install(json.path)).toEqual(expect.arrayContaining(["alias@1.0.0", "dep@2.0.0", "out@1.0.0"]));
  });
});

/** A project, installed by npm, whose model imports some packages. */
async function makeProject(
  manifest: object,
  { below = ".", ...root }: { below?: string; overrides?: object } = {},
  imports: readonly string[] = ["out"],
): Promise<string> {
  const home = makeFolder();
  const dir = join(home, below);
  mkdirSync(join(dir, "model"), { recursive: true });
  writeFileSync(join(dir, "config.yaml"), "model_name: packaged\n");
  const lines = imports.map((name) => `import * as ${name} from "${name}";`);
  const code = `export class Model { predict() { return [${imports.join()}].map(Object.keys); } }`;
  writeFileSync(join(dir, "model/model.ts"), [...lines, code, ""].join("\n"));
  writeJson(join(dir, "package.json"), { name: "packaged", version: "1.0.0", private: true, ...manifest });
  if (below !== ".")
    writeJson(join(home, "package.json"), { name: "home", private: true, workspaces: [below], ...root });
  await npm(["install"], home);
  return dir;
}

interface PushJson {
  readonly path: string;
  readonly files: readonly { readonly path: string }[];
}

async function push(dir: string) {
  const out = makeFolder();
  const result = await run(["push", dir, "--json", "--out", out], { cwd: "/" });
  expect(result.code, result.stderr).toBe(0);
  const json = JSON.parse(result.stdout) as PushJson;
  mkdirSync(join(out, "run"));
  await finish("tar", ["xf", json.path, "-C", join(out, "run")], out);
  const manifest = join(out, "run/model/package.json");
  return {
    json: { path: json.path, files: json.files.map(({ path }) => path) },
    stderr: result.stderr,
    manifest: existsSync(manifest) ? readJson(manifest) : {},
  };
}

/** Runs the staged installation, and lists what came of it. */
async function install(archive: string): Promise<string[]> {
  const model = join(dirname(archive), "run/model");
  await npm(["ci", "--omit=dev"], model);
  return listInstalled(join(model, "node_modules"), "");
}

function listInstalled(folder: string, owner: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith("."))
    .flatMap((name) => {
      const { version } = readJson(join(folder, name, "package.json"));
      const own = `${name}@${String(version)}${owner === "" ? "" : ` below ${owner}`}`;
      return [own, ...listInstalled(join(folder, name, "node_modules"), name)];
    })
    .toSorted();
}

function npm(args: readonly string[], cwd: string): Promise<string> {
  const flags = ["--registry", registry.url, "--no-audit", "--no-fund", "--cache", cache];
  return finish("npm", [...args, ...flags], cwd);
}

function finish(program: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, [...args], { cwd, env: environment() }, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`${program} ${args.join(" ")}\n${stdout}\n${stderr}`)),
    );
    onTestFinished(() => void child.kill("SIGKILL"));
  });
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, JSON.stringify(value, null, 2));
}

function readJson(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
}
