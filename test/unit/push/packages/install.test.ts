import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createPackages } from "../../../../src/push/packages/packages.ts";
import type { PackageFile } from "../../../../src/push/packages/types.ts";
import { makeStage, writeTree } from "./made-stage.ts";

/** npm itself is run, on a machine that may be busy. */
const patient = { timeout: 120_000 };
const never = new AbortController().signal;
let [root, registry] = ["", ""];
let close = async () => {};
let asked: (string | undefined)[] = [];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "truss-ts-install-"));
  asked = [];
  vi.stubEnv("TRUSS_TS_CACHE_DIR", join(root, "cache"));
  vi.stubEnv("npm_config_cache", join(root, "npm-cache"));
  vi.stubEnv("npm_config_userconfig", join(root, "user-npmrc"));
  vi.stubEnv("PACKAGE_TOKEN", "t0ken-of-the-test");
  await startRegistry();
  writeTree(root, {
    "project/.git/HEAD": "",
    "project/.npmrc": `registry=${registry}\n//${registry.slice(7)}:_authToken=\${PACKAGE_TOKEN}\nomit=optional\nfetch-retries=0\n`,
  });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await close();
  rmSync(root, { recursive: true, force: true });
});

const tarballs = new Map<string, Buffer>();

/** A package as a registry has it. */
async function pack(name: string, manifest: object, files: Readonly<Record<string, string>>): Promise<Buffer> {
  const known = tarballs.get(name);
  if (known !== undefined) return known;
  const all = { "package.json": JSON.stringify({ name, version: "1.0.0", ...manifest }), ...files };
  const entries = Object.entries(all).map(([path, body]) => ({
    header: { name: `package/${path}`, size: body.length, mtime: new Date(0) },
    body,
  }));
  const bytes = gzipSync(await packTar(entries));
  tarballs.set(name, bytes);
  return bytes;
}

/** Gives packages only to those who have the token. */
async function startRegistry(): Promise<void> {
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    const found = tarballs.get(decodeURIComponent(request.url ?? "").replace(/^\/|\.tgz$/g, ""));
    if (request.headers.authorization !== "Bearer t0ken-of-the-test") response.writeHead(401).end();
    else if (found === undefined) response.writeHead(404).end();
    else response.end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  close = () => new Promise((resolve) => void (server.closeAllConnections(), server.close(() => resolve())));
}

async function makeNativeStage(project: string, absent?: string) {
  const native = (cpu: string) => ({ os: ["linux"], cpu: [cpu] });
  const builds = { "addon-x64": native("x64"), "addon-arm64": native("arm64") };
  await pack(
    "addon",
    {},
    { "index.js": "// addon", "cli.js": "#!/usr/bin/env node\n", "postinstall.js": "throw new Error('ran')" },
  );
  for (const [name, restrictions] of Object.entries(builds)) {
    await pack(name, restrictions, { "addon.node": `\u007fELF ${name}` });
  }
  const lock = (name: string, more: object) => {
    const integrity = `sha512-${createHash("sha512")
      .update(tarballs.get(name) ?? "")
      .digest("base64")}`;
    const resolved = `${registry}${name === absent ? "gone" : name}.tgz`;
    return { [`node_modules/${name}`]: { version: "1.0.0", resolved, integrity, ...more } };
  };
  const optionalDependencies = { "addon-x64": "1.0.0", "addon-arm64": "1.0.0" };
  const packages = {
    "": { name: "model-packages", dependencies: { addon: "1.0.0" } },
    ...lock("addon", { bin: { addon: "cli.js" }, optionalDependencies, hasInstallScript: true }),
    ...Object.assign({}, ...Object.entries(builds).map(([name, more]) => lock(name, { ...more, optional: true }))),
  };
  return makeStage(
    join(root, project),
    {
      "model/package.json": JSON.stringify({ name: "model-packages", dependencies: { addon: "1.0.0" } }),
      "model/package-lock.json": JSON.stringify({ name: "model-packages", lockfileVersion: 3, packages }),
    },
    ["addon"],
  );
}

async function install(architecture: "amd64" | "arm64", absent?: string, project = "project") {
  const stage = await makeNativeStage(project, absent);
  const platform = { os: "linux", architecture } as const;
  const packages = await createPackages({ stage, platform, how: "install", report: () => {}, signal: never });
  return { key: packages?.key, files: (await packages?.read()) ?? [] };
}

test(
  "each platform gets its own build, with this user's token and whatever else the settings say",
  patient,
  async () => {
    const [amd64, arm64] = [await install("amd64"), await install("arm64")];
    expect(amd64.files.map(({ path }) => path)).toEqual([
      "model/node_modules/addon-x64/addon.node",
      "model/node_modules/addon-x64/package.json",
      "model/node_modules/addon/cli.js",
      "model/node_modules/addon/index.js",
      "model/node_modules/addon/package.json",
      "model/node_modules/addon/postinstall.js",
    ]);
    expect(arm64.files.map(({ path }) => path)).toContain("model/node_modules/addon-arm64/addon.node");
    expect(arm64.files.map(({ path }) => path)).not.toContain("model/node_modules/addon-x64/addon.node");
    const modes = new Map(amd64.files.map((file) => [file.path, (file as PackageFile).mode]));
    expect(modes.get("model/node_modules/addon/cli.js")).toBe(0o755);
    expect(modes.get("model/node_modules/addon/index.js")).toBe(0o644);
    expect(arm64.key).not.toBe(amd64.key);
    expect(new Set(asked)).toEqual(new Set(["Bearer t0ken-of-the-test"]));
  },
);

test("what is kept is used again without asking anybody, and holds no setting", patient, async () => {
  const first = await install("amd64");
  const before = asked.length;
  expect(await install("amd64")).toEqual(first);
  expect(asked.length).toBe(before);
  const kept = join(root, "cache", "packages");
  expect(readdirSync(kept)).toEqual([first.key]);
  const texts = readdirSync(kept, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
  expect(texts.join("\n")).not.toContain("t0ken");
  expect(existsSync(join(kept, first.key ?? "", ".npmrc"))).toBe(false);
});

test("another cache and another folder of the project make no difference", patient, async () => {
  const contentOf = async (project: string) => {
    const { key, files } = await install("amd64", undefined, project);
    const texts = files.map((file) => [
      file.path,
      file.kind === "file" && file.content.kind === "file" && readFileSync(file.content.file, "latin1"),
    ]);
    return JSON.stringify([key, texts]);
  };
  const here = await contentOf("project");
  vi.stubEnv("TRUSS_TS_CACHE_DIR", join(root, "another-cache"));
  writeTree(root, {
    "elsewhere/.git/HEAD": "",
    "elsewhere/.npmrc": readFileSync(join(root, "project/.npmrc"), "utf8"),
  });
  expect(await contentOf("elsewhere")).toBe(here);
});

test("a build that cannot be fetched is no success, though npm takes it for one", patient, async () => {
  await expect(install("amd64", "addon-x64")).rejects.toMatchObject({
    code: "PACKAGE_INSTALL_FAILED",
    message: expect.stringContaining("addon-x64"),
  });
  expect(readdirSync(join(root, "cache", "packages"))).toEqual([]);
});

test("a registry that refuses is told of in npm's words", patient, async () => {
  vi.stubEnv("PACKAGE_TOKEN", "another");
  await expect(install("amd64")).rejects.toMatchObject({
    code: "PACKAGE_INSTALL_FAILED",
    message: expect.stringContaining("401"),
  });
});
