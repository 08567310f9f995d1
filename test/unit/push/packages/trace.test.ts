import { mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createPackages } from "../../../../src/push/packages/packages.ts";
import type { Platform } from "../../../../src/push/platform.ts";
import { createModel, makeArtifact, packages as installed } from "../../bundle/artifact-project.ts";
import { makeStage, writeTree } from "./made-stage.ts";

const here: Platform = { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" };
const elsewhere: Platform = { os: "linux", architecture: here.architecture === "amd64" ? "arm64" : "amd64" };
let root = "";

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "truss-ts-trace-")));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function trace(project: string, code: string, packages: readonly string[], platform = here) {
  return traceFiles(project, { "model/server.mjs": code }, packages, platform);
}

function traceFiles(
  project: string,
  files: Readonly<Record<string, string>>,
  packages: readonly string[],
  platform = here,
) {
  const stage = makeStage(project, files, packages);
  return createPackages({ stage, platform, how: "trace", report: () => {}, signal: new AbortController().signal });
}

/** The first bytes of machine code; the rest does not matter. */
function code(kind: "linux-x64" | "linux-arm64" | "darwin" | "win32"): Uint8Array {
  const bytes = Buffer.alloc(64);
  if (kind === "win32") bytes.write("MZ");
  else if (kind === "darwin") bytes.writeUInt32LE(0xfeedfacf);
  else {
    bytes.write("\u007FELF", "latin1");
    bytes[5] = 1;
    bytes.writeUInt16LE(kind === "linux-x64" ? 0x3e : 0xb7, 18);
  }
  return bytes;
}

const loadAll = `module.exports = require("node:path").join(__dirname, "bin", process.platform, process.arch, "addon.node");
require(module.exports);`;

function writeEveryPlatform(project: string): void {
  writeTree(project, {
    "package.json": { name: "project" },
    "node_modules/addon/package.json": { name: "addon", version: "1.0.0", main: "index.js" },
    "node_modules/addon/index.js": loadAll,
    "node_modules/addon/README.md": "not needed",
    "node_modules/addon/bin/linux/x64/addon.node": code("linux-x64"),
    "node_modules/addon/bin/linux/arm64/addon.node": code("linux-arm64"),
    "node_modules/addon/bin/darwin/arm64/addon.node": code("darwin"),
    "node_modules/addon/bin/win32/x64/addon.node": code("win32"),
    "node_modules/unused/index.js": "",
  });
}

test.skipIf(process.platform !== "linux")("only what is reached, and of machine code only the target's", async () => {
  writeEveryPlatform(root);
  const packages = await trace(root, 'import addon from "addon"; console.log(addon);', ["addon"]);
  const paths = (await packages?.read())?.map(({ path }) => path);
  const cpu = here.architecture === "amd64" ? "x64" : "arm64";
  expect(paths).toEqual([
    `model/node_modules/addon/bin/linux/${cpu}/addon.node`,
    "model/node_modules/addon/index.js",
    "model/node_modules/addon/package.json",
  ]);
});

test("what a built model and its worker import is reached", async () => {
  const addon = { "index.js": 'module.exports = require("./addon.node");', "addon.node": "\0", "sub.js": "" };
  const project = createModel({
    "config.yaml": "model_name: m\n",
    "model/model.ts": `import addon from "addon";
import "addon/sub.js";
import { Worker } from "node:worker_threads";
export class Model { predict() { return [addon, new Worker(new URL("./worker.ts", import.meta.url))] } }`,
    "model/worker.ts": 'import addon from "@scope/of-worker"; console.log(addon);',
    ...installed({ addon, "@scope/of-worker": addon }),
  });
  const { code, files, outside } = await makeArtifact(project);
  const built = Object.fromEntries([["model/server.mjs", code], ...files.map(({ path, text }) => [path, text])]);
  const names = outside.map(({ name }) => name);
  expect(names).toEqual(["@scope/of-worker", "addon"]);
  const packages = await traceFiles(project, built, names);
  expect((await packages?.read())?.map(({ path }) => path)).toEqual([
    "model/node_modules/@scope/of-worker/addon.node",
    "model/node_modules/@scope/of-worker/index.js",
    "model/node_modules/@scope/of-worker/package.json",
    "model/node_modules/addon/addon.node",
    "model/node_modules/addon/index.js",
    "model/node_modules/addon/package.json",
    "model/node_modules/addon/sub.js",
  ]);
});

test("the key follows the content", async () => {
  writeEveryPlatform(root);
  const text = 'import addon from "addon"; console.log(addon);';
  const first = await trace(root, text, ["addon"]);
  const again = await trace(root, `${text}\n// another edit of the model`, ["addon"]);
  expect(again?.key).toBe(first?.key);
  writeTree(root, { "node_modules/addon/index.js": `${loadAll}\n` });
  expect((await trace(root, text, ["addon"]))?.key).not.toBe(first?.key);
});

test.skipIf(process.platform !== "linux")("code for this machine alone does not go to another one", async () => {
  writeTree(root, {
    "package.json": { name: "project" },
    "node_modules/addon/package.json": { name: "addon", version: "1.0.0" },
    "node_modules/addon/index.js": 'module.exports = require("./addon.node");',
    "node_modules/addon/addon.node": code(here.architecture === "amd64" ? "linux-x64" : "linux-arm64"),
  });
  const text = 'import addon from "addon"; console.log(addon);';
  expect((await (await trace(root, text, ["addon"]))?.read())?.length).toBe(3);
  await expect(trace(root, text, ["addon"], elsewhere)).rejects.toMatchObject({
    code: "PACKAGE_UNSUITABLE",
    message: expect.stringContaining("addon"),
  });
});

test("a workspace's packages go above the project's own, and links stay links", async () => {
  const project = join(root, "apps/model");
  writeTree(root, {
    "package.json": { name: "workspace" },
    "node_modules/shared/package.json": { name: "shared", version: "1.0.0" },
    "node_modules/shared/index.js": 'module.exports = "shared";',
    "node_modules/.pnpm/own@1.0.0/node_modules/own/package.json": { name: "own", version: "1.0.0" },
    "node_modules/.pnpm/own@1.0.0/node_modules/own/index.js": 'module.exports = "own";',
    "apps/model/package.json": { name: "project" },
    "apps/model/node_modules/.keep": "",
  });
  symlinkSync("../../../node_modules/.pnpm/own@1.0.0/node_modules/own", join(project, "node_modules/own"));
  const packages = await trace(project, 'import "own"; import "shared";', ["own", "shared"]);
  const files = await packages?.read();
  expect(files?.find(({ kind }) => kind === "link")).toEqual({
    kind: "link",
    path: "model/node_modules/own",
    target: "../../node_modules/.pnpm/own@1.0.0/node_modules/own",
  });
  expect(files?.map(({ path }) => path)).toContain("node_modules/shared/index.js");
});

test("a package that is not installed is named", async () => {
  writeTree(root, { "package.json": { name: "project" } });
  await expect(trace(root, 'import "absent";', ["absent"])).rejects.toMatchObject({
    code: "PACKAGE_UNSUITABLE",
    message: expect.stringContaining("absent"),
  });
});
