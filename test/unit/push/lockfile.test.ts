import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { OutsideUse } from "../../../src/bundle/artifact.ts";
import type { TrussError } from "../../../src/errors.ts";
import { loadProject } from "../../../src/project/load.ts";
import { planInstallation } from "../../../src/push/lockfile.ts";
import { createTempProject, plainModel } from "./stage-project.ts";

interface Case {
  /** The lockfile's `packages`, besides the project itself. */
  readonly packages?: Readonly<Record<string, object>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly outside?: readonly string[];
  readonly strict?: boolean;
  readonly allowed?: readonly string[];
}

/** What comes of a project in which every package of the lockfile is installed. */
async function plan({ packages, files = {}, outside = ["out"], strict = false, allowed = [] }: Case) {
  const lock = packages === undefined ? {} : { "package-lock.json": JSON.stringify({ lockfileVersion: 3, packages }) };
  const root = createTempProject({ ...plainModel, ...lock, ...files });
  const loaded = await loadProject(root);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const uses = outside.map((text): OutsideUse => {
    const [place = "", version = "1.0.0"] = text.split("@");
    const name = place.slice(place.lastIndexOf("node_modules/") + 1).replace("ode_modules/", "");
    const folder = join(root, place.includes("/") ? place : `node_modules/${place}`);
    mkdirSync(folder, { recursive: true });
    return { name, version, folder, why: "native code", specifiers: [name] };
  });
  const planned = await planInstallation(loaded.project, uses, { strict, allowed });
  const read = (path: string): unknown => {
    const content = planned?.files.find((file) => file.path === path)?.content;
    return content?.kind === "bytes" ? JSON.parse(Buffer.from(content.bytes).toString("utf8")) : undefined;
  };
  return {
    planned,
    manifest: read("model/package.json"),
    packages: Object((Object(read("model/package-lock.json")) as { packages?: object }).packages) as Record<
      string,
      object
    >,
    warnings: planned?.warnings.map(({ message }) => message) ?? [],
  };
}

/** As a tar begins. */
const packed = `${"\0".repeat(257)}ustar`;

describe("the installation", () => {
  it("is none where everything is in the bundle", async () => {
    expect((await plan({ outside: [] })).planned).toBeUndefined();
  });

  it("has of the lockfile what the outside packages need, and keeps npm's places", async () => {
    const { planned, manifest, packages, warnings } = await plan({
      files: { "package.json": '{"type":"module","name":"x"}' },
      packages: {
        "": { name: "x", dependencies: { out: "^1.0.0" }, devDependencies: { tool: "1" } },
        "node_modules/out": {
          version: "1.0.0",
          resolved: "https://registry/out.tgz",
          integrity: "sha512-a",
          dependencies: { a: "^1" },
          optionalDependencies: { "out-linux-x64": "1.0.0", gone: "1" },
          peerDependencies: { absent: "1" },
          devOptional: true,
        },
        "node_modules/out/node_modules/a": { version: "1.2.0", dependencies: { b: "1" } },
        "node_modules/out-linux-x64": {
          version: "1.0.0",
          os: ["linux"],
          cpu: ["x64"],
          optional: true,
          dependencies: { c: "1" },
        },
        "node_modules/a": { version: "2.0.0" },
        "node_modules/b": { version: "1.0.0", dev: true },
        "node_modules/c": { version: "1.0.0", optional: true },
        "node_modules/tool": { version: "1.0.0", dev: true },
      },
    });
    expect(planned?.installation).toEqual({
      manager: "npm",
      command: "npm ci --omit=dev",
      packages: [{ name: "out", version: "1.0.0", why: "native code" }],
      locked: true,
    });
    expect(manifest).toEqual({ name: "model-packages", private: true, type: "module", dependencies: { out: "1.0.0" } });
    expect(packages).toEqual({
      "": { name: "model-packages", dependencies: { out: "1.0.0" } },
      "node_modules/b": { version: "1.0.0" },
      "node_modules/c": { version: "1.0.0", optional: true },
      "node_modules/out": {
        version: "1.0.0",
        resolved: "https://registry/out.tgz",
        integrity: "sha512-a",
        dependencies: { a: "^1" },
        optionalDependencies: { "out-linux-x64": "1.0.0" },
      },
      "node_modules/out-linux-x64": {
        version: "1.0.0",
        os: ["linux"],
        cpu: ["x64"],
        dependencies: { c: "1" },
        optional: true,
      },
      "node_modules/out/node_modules/a": { version: "1.2.0", dependencies: { b: "1" } },
    });
    expect(warnings).toEqual([]);
  });

  it("finds new places where npm's are of a workspace, or below a bundled package", async () => {
    const { packages } = await plan({
      outside: ["ws/node_modules/one", "node_modules/pure/node_modules/two"],
      packages: {
        "ws/node_modules/one": { version: "1.0.0", dependencies: { dep: "1", two: "2" } },
        "ws/node_modules/dep": { version: "1.0.0", dependencies: { two: "2" } },
        "node_modules/pure": { version: "1.0.0" },
        "node_modules/pure/node_modules/two": { version: "1.0.0", dependencies: { dep: "3" } },
        "node_modules/dep": { version: "3.0.0" },
        "node_modules/two": { version: "2.0.0" },
      },
    });
    const versions = Object.entries(packages).map(([path, entry]) => [path, Reflect.get(entry, "version")]);
    expect(Object.fromEntries(versions.slice(1))).toEqual({
      "node_modules/dep": "1.0.0",
      "node_modules/dep/node_modules/two": "2.0.0",
      "node_modules/one": "1.0.0",
      "node_modules/one/node_modules/two": "2.0.0",
      "node_modules/two": "1.0.0",
      "node_modules/two/node_modules/dep": "3.0.0",
    });
  });

  it("takes packed packages along", async () => {
    const { planned, manifest, packages } = await plan({
      files: { "vendor/out-1.tgz": packed },
      packages: { "node_modules/out": { version: "1.0.0", resolved: "file:vendor/out-1.tgz", integrity: "sha512-b" } },
    });
    expect(planned?.files.map(({ path }) => path)).toContain("model/_packages/out-1.tgz");
    expect(manifest).toMatchObject({ dependencies: { out: "file:_packages/out-1.tgz" } });
    expect(packages["node_modules/out"]).toMatchObject({ resolved: "file:_packages/out-1.tgz", integrity: "sha512-b" });
  });

  it("takes packed packages along that are called alike", async () => {
    const { planned, packages } = await plan({
      outside: ["node_modules/out", "node_modules/other"],
      files: { "vendor/a/out-1.tgz": packed, "vendor/b/out-1.tgz": packed },
      packages: {
        "node_modules/out": { version: "1.0.0", resolved: "file:vendor/a/out-1.tgz", integrity: "sha512-b" },
        "node_modules/other": { version: "1.0.0", resolved: "file:vendor/b/out-1.tgz", integrity: "sha512-c" },
      },
    });
    const places = planned?.files.map(({ path }) => path).filter((path) => path.endsWith(".tgz")) ?? [];
    const named = ["node_modules/out", "node_modules/other"].map((key) => Reflect.get(packages[key] ?? {}, "resolved"));
    expect(new Set(places).size).toBe(2);
    expect(named.toSorted()).toEqual(places.map((path) => path.replace("model/", "file:")).toSorted());
  });

  it("names what runs scripts and what has no build, and refuses what Linux cannot have", async () => {
    const scripted = { "node_modules/out": { version: "1.0.0", hasInstallScript: true } };
    expect((await plan({ packages: scripted })).warnings).toEqual([
      expect.stringContaining("out@1.0.0: a script must run"),
    ]);
    const allowed = await plan({
      packages: scripted,
      files: { "package.json": '{"allowScripts":{"out@1.0.0":true}}' },
    });
    expect(allowed.warnings).toEqual([]);
    expect(allowed.manifest).toMatchObject({ allowScripts: { out: true } });
    const builds = { "out-darwin-arm64": "1", "out-win32-x64": "1" };
    const bound = (os: string, cpu: string) => ({ version: "1.0.0", os: [os], cpu: [cpu], optional: true });
    const noLinux = await plan({
      packages: {
        "node_modules/out": { version: "1.0.0", optionalDependencies: builds },
        "node_modules/out-darwin-arm64": bound("darwin", "arm64"),
        "node_modules/out-win32-x64": bound("win32", "x64"),
      },
    });
    expect(noLinux.warnings).toEqual([expect.stringContaining("out@1.0.0: the lockfile has no build for Linux")]);
    await expect(
      plan({ packages: { "node_modules/out": { version: "1.0.0", os: ["darwin"] } } }),
    ).rejects.toMatchObject({
      code: "PACKAGE_UNSUITABLE",
      message: "out@1.0.0 cannot be installed on Linux.",
    });
  });
});

describe("pnpm's lockfile", () => {
  const lock = `lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      out: {specifier: ^1.0.0, version: 1.0.0(peer@3.0.0)}
      alias: {specifier: npm:@s/real@^2, version: '@s/real@2.0.0'}
packages:
  out@1.0.0: {resolution: {integrity: sha512-a}, engines: {node: '>=18'}, peerDependencies: {peer: '*'}}
  '@s/real@2.0.0': {resolution: {integrity: sha512-b}, hasBin: true}
  dep@1.0.0: {resolution: {integrity: sha512-c}}
  dep@2.0.0: {resolution: {integrity: sha512-d}}
  peer@3.0.0: {resolution: {integrity: sha512-e}}
  out-linux@1.0.0: {resolution: {integrity: sha512-f}, os: [linux], cpu: [x64], libc: [glibc]}
  other@1.0.0: {resolution: {integrity: sha512-g}}
snapshots:
  out@1.0.0(peer@3.0.0):
    dependencies: {dep: 1.0.0, peer: 3.0.0}
    optionalDependencies: {out-linux: 1.0.0}
  '@s/real@2.0.0': {dependencies: {dep: 2.0.0}}
  dep@1.0.0: {}
  dep@2.0.0: {}
  peer@3.0.0: {}
  out-linux@1.0.0: {optional: true}
  other@1.0.0: {}
`;

  it("becomes one of npm's, with the same versions and checksums", async () => {
    const { planned, manifest, packages } = await plan({
      files: { "pnpm-lock.yaml": lock, "package.json": '{"pnpm":{"onlyBuiltDependencies":["@s/real"]}}' },
      outside: ["out", "alias@2.0.0"],
      strict: true,
    });
    expect(planned?.installation).toMatchObject({ manager: "npm", command: "npm ci --omit=dev", locked: true });
    expect(manifest).toMatchObject({
      dependencies: { alias: "npm:@s/real@2.0.0", out: "1.0.0" },
      allowScripts: { "@s/real": true },
    });
    expect(packages).toEqual({
      "": { name: "model-packages", dependencies: { alias: "npm:@s/real@2.0.0", out: "1.0.0" } },
      "node_modules/alias": {
        name: "@s/real",
        version: "2.0.0",
        integrity: "sha512-b",
        dependencies: { dep: "2.0.0" },
      },
      "node_modules/dep": { version: "2.0.0", integrity: "sha512-d" },
      "node_modules/out": {
        version: "1.0.0",
        integrity: "sha512-a",
        engines: { node: ">=18" },
        dependencies: { dep: "1.0.0", peer: "3.0.0" },
        optionalDependencies: { "out-linux": "1.0.0" },
      },
      "node_modules/out-linux": {
        version: "1.0.0",
        integrity: "sha512-f",
        os: ["linux"],
        cpu: ["x64"],
        libc: ["glibc"],
        optional: true,
      },
      "node_modules/out/node_modules/dep": { version: "1.0.0", integrity: "sha512-c" },
      "node_modules/peer": { version: "3.0.0", integrity: "sha512-e" },
    });
  });

  it.each([
    ["is of another time", lock.replaceAll("1.0.0", "1.1.0"), "does not have out 1.0.0"],
    ["is of an old pnpm", "lockfileVersion: '6.0'\npackages:\n  /out@1.0.0: {}\n", "of pnpm 8 or older"],
    ["is broken", "packages: [", "does not have out 1.0.0"],
  ])("is refused where it %s", async (_name, text, message) => {
    await expect(plan({ files: { "pnpm-lock.yaml": text } })).rejects.toMatchObject({
      code: "LOCKFILE_MISSING",
      message: expect.stringContaining(message),
    });
  });
});

describe("a lockfile that does not do", () => {
  it.each([
    [
      "is of another time",
      { packages: { "node_modules/out": { version: "0.9.0" } } },
      "has out 0.9.0, and 1.0.0 is installed",
    ],
    ["has no word of it", { packages: {} }, "does not have out, and 1.0.0 is installed"],
    ["is of npm 6", { files: { "package-lock.json": '{"dependencies":{}}' } }, "is of npm 6"],
    ["is broken", { files: { "package-lock.json": "{" } }, "is no JSON"],
    [
      "is not whole",
      { packages: { "node_modules/out": { version: "1.0.0", dependencies: { a: "1" } } } },
      "needs a, which is not in it",
    ],
    ["is not there", { strict: true }, "there is no lockfile"],
  ] satisfies [string, Case, string][])("%s", async (_name, given, message) => {
    await expect(plan(given)).rejects.toMatchObject({
      code: "LOCKFILE_MISSING",
      message: expect.stringContaining(message),
    });
  });

  it("is done without on a person's own machine, with a warning", async () => {
    const { planned, warnings, manifest } = await plan({});
    expect(planned?.installation).toMatchObject({
      locked: false,
      command: "npm install --omit=dev --no-audit --no-fund",
    });
    expect(manifest).toMatchObject({ dependencies: { out: "1.0.0" } });
    expect(warnings).toEqual([expect.stringContaining("there is no lockfile")]);
    expect((await plan({ files: { "yarn.lock": "" }, strict: true })).warnings).toEqual([
      expect.stringContaining("yarn.lock"),
    ]);
  });
});

describe("a lockfile that may come from anybody", () => {
  const lockOf = (entry: object) => ({ packages: { "node_modules/out": { version: "1.0.0", ...entry } } });

  it.each([
    "https://me:hunter2@registry.example.com/out.tgz",
    "https://hunter2@registry.example.com/out.tgz",
    "git+https://hunter2:x-oauth-basic@example.com/out.git#abc",
    "git+ssh://git:hunter2@example.com/out.git#abc",
    "https://registry.example.com/out.tgz?token=hunter2",
  ])("is refused with a key in an address, which is not shown: %s", async (resolved) => {
    const error = await plan(lockOf({ resolved })).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "STAGE_SECRET", file: "package-lock.json" });
    expect(`${(error as TrussError).message} ${(error as TrussError).hint}`).not.toContain("hunter2");
    const { planned } = await plan({ ...lockOf({ resolved }), allowed: ["package-lock.json"] });
    expect(planned?.installation.locked).toBe(true);
  });

  it.each(["git+ssh://git@example.com/out.git#abc", "https://registry.example.com/out.tgz?v=1"])(
    "is taken where nothing opens: %s",
    async (resolved) => {
      expect((await plan(lockOf({ resolved }))).planned?.installation.locked).toBe(true);
    },
  );

  it("takes nothing but packages along", async () => {
    const files = { "notes.txt": "-- private --" };
    const error = plan({ ...lockOf({ resolved: "file:notes.txt" }), files });
    await expect(error).rejects.toMatchObject({ code: "PACKAGE_UNSUITABLE" });
  });

  it.each(['"x"', "[1]", '{"packages":5}', '{"packages":{"node_modules/out":null}}'])(
    "is named where it is none: %s",
    async (lock) => {
      await expect(plan({ files: { "package-lock.json": lock } })).rejects.toMatchObject({ code: "LOCKFILE_MISSING" });
    },
  );

  it.each([{ version: 1 }, { resolved: 5 }, { os: "linux" }])(
    "is named where its fields are odd: %j",
    async (entry) => {
      await expect(plan(lockOf(entry))).rejects.toMatchObject({ code: "LOCKFILE_MISSING" });
    },
  );
});

describe("a package that cannot go along", () => {
  it("is one that is linked, or used in two versions", async () => {
    const linked = { "node_modules/out": { resolved: "libs/out", link: true }, "libs/out": { version: "1.0.0" } };
    await expect(plan({ packages: linked, outside: ["libs/out"] })).rejects.toMatchObject({
      code: "PACKAGE_UNSUITABLE",
    });
    await expect(
      plan({ outside: ["node_modules/out", "node_modules/a/node_modules/out@2.0.0"] }),
    ).rejects.toMatchObject({
      message: expect.stringContaining("out is used in two versions, 1.0.0 and 2.0.0"),
    });
  });
});
