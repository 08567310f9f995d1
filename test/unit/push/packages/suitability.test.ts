import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readNpmLock } from "../../../../src/push/packages/npm-lock.ts";
import { findUnsuitable, refuseUnsuitable } from "../../../../src/push/packages/suitability.ts";
import { type PackageTarget, isFor, readPlatformWords } from "../../../../src/push/packages/target.ts";
import { writeTree } from "./made-stage.ts";

const amd64: PackageTarget = { os: "linux", cpu: "x64", libc: "glibc" };
const arm64: PackageTarget = { ...amd64, cpu: "arm64" };
let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "truss-ts-suitability-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function judge(packages: Readonly<Record<string, object>>, target = amd64) {
  const lock = readNpmLock(JSON.stringify({ lockfileVersion: 3, packages: { "": {}, ...packages } }));
  return findUnsuitable(lock, target, root);
}

const sharp = {
  version: "0.35.0",
  hasInstallScript: true,
  optionalDependencies: {
    "@img/sharp-darwin-arm64": "0.35.0",
    "@img/sharp-linux-x64": "0.35.0",
    "@img/sharp-linux-arm64": "0.35.0",
    "@img/sharp-linuxmusl-x64": "0.35.0",
  },
};
const build = (os: string, cpu: string, libc?: string) => ({
  version: "0.35.0",
  optional: true,
  os: [os],
  cpu: [cpu],
  ...(libc === undefined ? {} : { libc: [libc] }),
});

test("a package that compiles when it is installed is named with its script", () => {
  writeTree(root, {
    "node_modules/better-sqlite3/package.json": {
      version: "12.11.0",
      scripts: { install: "prebuild-install || node-gyp rebuild --release" },
    },
  });
  const found = judge({
    "node_modules/better-sqlite3": { version: "12.11.0", hasInstallScript: true },
    "node_modules/bindings": { version: "1.5.0" },
  });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ name: "better-sqlite3", version: "12.11.0" });
  expect(found[0]?.why).toContain("prebuild-install || node-gyp rebuild --release");
  expect(() => refuseUnsuitable(found, amd64)).toThrow(
    expect.objectContaining({ code: "PACKAGE_UNSUITABLE", exitCode: 5, hint: expect.stringContaining("--builder") }),
  );
});

test.each([
  ["by its name", { "better-sqlite3": false }],
  ["by its version", { "better-sqlite3@12.11.0": false }],
])("a script that need not run, %s", (_, allowScripts) => {
  writeTree(root, { "package.json": { allowScripts } });
  expect(judge({ "node_modules/better-sqlite3": { version: "12.11.0", hasInstallScript: true } })).toEqual([]);
});

test("a script that the project allows must still run", () => {
  writeTree(root, { "package.json": { allowScripts: { "better-sqlite3": true } } });
  expect(judge({ "node_modules/better-sqlite3": { version: "12.11.0", hasInstallScript: true } })).toHaveLength(1);
});

test("the workspace's word counts, but not what lies outside of the repository", () => {
  const project = join(root, "repo/apps/model");
  writeTree(root, {
    "package.json": { allowScripts: { outside: false } },
    "repo/.git/HEAD": "",
    "repo/package.json": { allowScripts: { inside: false } },
    "repo/apps/model/package.json": {},
  });
  const packages = Object.fromEntries(
    ["inside", "outside"].map((name) => [`node_modules/${name}`, { version: "1.0.0", hasInstallScript: true }]),
  );
  const lock = readNpmLock(JSON.stringify({ packages }));
  expect(findUnsuitable(lock, amd64, project).map(({ name }) => name)).toEqual(["outside"]);
});

test("a package whose builds are packages of their own needs no script", () => {
  const locked = {
    "node_modules/sharp": sharp,
    "node_modules/@img/sharp-linux-x64": build("linux", "x64", "glibc"),
    "node_modules/@img/sharp-linux-arm64": build("linux", "arm64", "glibc"),
  };
  expect(judge(locked)).toEqual([]);
  expect(judge(locked, arm64)).toEqual([]);
});

test("a lockfile without the target's build is told of", () => {
  const locked = { "node_modules/sharp": sharp, "node_modules/@img/sharp-linux-x64": build("linux", "x64", "glibc") };
  const [found] = judge(locked, arm64);
  expect(found).toMatchObject({ name: "sharp", why: "has no build for linux/arm64 in the lockfile" });
});

test("a package that was never built for the target", () => {
  const locked = {
    "node_modules/addon": { version: "1.0.0", optionalDependencies: { "addon-win32": "1.0.0", "addon-gnu": "1.0.0" } },
    "node_modules/addon-gnu": build("linux", "x64", "glibc"),
  };
  expect(judge(locked)).toEqual([]);
  expect(judge(locked, arm64)[0]?.why).toBe("has no build for linux/arm64 in the lockfile");
  expect(judge(locked, { ...amd64, libc: "musl" })[0]?.why).toBe(
    "has no build for linux/amd64 with musl in the lockfile",
  );
  const [other] = judge({ "node_modules/winreg-native": { version: "1.0.0", os: ["win32"] } });
  expect(other?.why).toBe("is not made for linux/amd64");
});

test("extras of other systems, and what is optional itself, are no fault", () => {
  const chokidar = { version: "3.6.0", optionalDependencies: { fsevents: "2.3.0" } };
  const fsevents = { version: "2.3.0", optional: true, os: ["darwin"], hasInstallScript: true };
  const bufferutil = { version: "4.0.8", optional: true, hasInstallScript: true };
  expect(
    judge({
      "node_modules/chokidar": chokidar,
      "node_modules/fsevents": fsevents,
      "node_modules/bufferutil": bufferutil,
      "node_modules/tooling": { version: "1.0.0", dev: true, hasInstallScript: true },
    }),
  ).toEqual([]);
});

test("builds that lie in the package itself count for their own platform", () => {
  writeTree(root, {
    "node_modules/bcrypt/package.json": { version: "6.0.0", scripts: { install: "node-gyp-build" } },
    "node_modules/bcrypt/prebuilds/linux-x64/bcrypt.glibc.node": "",
    "node_modules/bcrypt/prebuilds/darwin-arm64/bcrypt.node": "",
  });
  const locked = { "node_modules/bcrypt": { version: "6.0.0", hasInstallScript: true } };
  expect(judge(locked)).toEqual([]);
  expect(judge(locked, arm64)).toHaveLength(1);
  expect(judge(locked, { ...amd64, libc: "musl" })).toHaveLength(1);
});

test("what names say of platforms", () => {
  expect(readPlatformWords("@img/sharp-linuxmusl-arm64")).toEqual({ os: ["linux"], cpu: ["arm64"], libc: ["musl"] });
  expect(readPlatformWords("@swc/core-linux-x64-gnu")).toEqual({ os: ["linux"], cpu: ["x64"], libc: ["glibc"] });
  expect(readPlatformWords("lodash")).toEqual({});
  expect(isFor(amd64, { os: ["!win32"] })).toBe(true);
  expect(isFor(amd64, { os: ["!linux"] })).toBe(false);
});
