import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSbom } from "../../../src/push/sbom.ts";
import { makeStage, writeTree } from "./packages/made-stage.ts";

const amd64 = { os: "linux", architecture: "amd64" } as const;
const sha512 = Buffer.alloc(64, 7);
const integrity = `sha512-${sha512.toString("base64")}`;
let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "truss-ts-sbom-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const stagedLock = {
  lockfileVersion: 3,
  packages: {
    "": { name: "model-packages" },
    "node_modules/sharp": {
      version: "0.35.0",
      integrity,
      license: "Apache-2.0",
      dependencies: { semver: "^7" },
      optionalDependencies: { "@img/sharp-linux-x64": "0.35.0", "@img/sharp-linux-arm64": "0.35.0" },
    },
    "node_modules/semver": { version: "7.0.0" },
    "node_modules/@img/sharp-linux-x64": { version: "0.35.0", os: ["linux"], cpu: ["x64"], optional: true },
    "node_modules/@img/sharp-linux-arm64": { version: "0.35.0", os: ["linux"], cpu: ["arm64"], optional: true },
  },
};

function writeProject(): void {
  writeTree(root, {
    "package-lock.json": { packages: { "node_modules/zod": { version: "4.0.0", integrity, dev: true } } },
    "node_modules/zod/package.json": { name: "zod", version: "4.0.0", license: "MIT" },
    "node_modules/old/package.json": { name: "old", version: "1.0.0", licenses: [{ type: "MIT" }, { type: "X11" }] },
    "node_modules/odd/package.json": { name: "odd", version: "1.0.0", license: "SEE LICENSE IN FILE" },
    "node_modules/semver/package.json": { name: "semver", version: "7.0.0", license: "ISC" },
  });
}

async function read(platform: { os: "linux"; architecture: "amd64" | "arm64" } = amd64) {
  const stage = makeStage(root, { "model/package-lock.json": JSON.stringify(stagedLock) }, { sharp: "0.35.0" });
  const bundled = ["zod", "old", "odd"].map((name) => ({ name, version: name === "zod" ? "4.0.0" : "1.0.0" }));
  const bytes = await createSbom({ ...stage, bundled }, platform);
  return { bytes, document: JSON.parse(new TextDecoder().decode(bytes)) };
}

test("what is in the bundle and what is installed, with licences, hashes and who needs whom", async () => {
  writeProject();
  const { document } = await read();
  const found = new Map(document.components.map((component: { purl: string }) => [component.purl, component]));
  expect([...found.keys()]).toEqual([
    "pkg:npm/%40img/sharp-linux-x64@0.35.0",
    "pkg:npm/odd@1.0.0",
    "pkg:npm/old@1.0.0",
    "pkg:npm/semver@7.0.0",
    "pkg:npm/sharp@0.35.0",
    "pkg:npm/zod@4.0.0",
  ]);
  expect(found.get("pkg:npm/zod@4.0.0")).toMatchObject({
    name: "zod",
    hashes: [{ alg: "SHA-512", content: sha512.toString("hex") }],
    licenses: [{ license: { id: "MIT" } }],
    properties: [{ name: "truss-ts:delivery", value: "bundled" }],
  });
  expect(found.get("pkg:npm/%40img/sharp-linux-x64@0.35.0")).toMatchObject({ group: "@img", name: "sharp-linux-x64" });
  expect(found.get("pkg:npm/old@1.0.0")).toMatchObject({ licenses: [{ expression: "(MIT OR X11)" }] });
  expect(found.get("pkg:npm/odd@1.0.0")).toMatchObject({ licenses: [{ license: { name: "SEE LICENSE IN FILE" } }] });
  expect(found.get("pkg:npm/sharp@0.35.0")).toMatchObject({ licenses: [{ license: { id: "Apache-2.0" } }] });
  expect(document.dependencies).toContainEqual({
    ref: "pkg:npm/sharp@0.35.0",
    dependsOn: ["pkg:npm/%40img/sharp-linux-x64@0.35.0", "pkg:npm/semver@7.0.0"],
  });
  expect(document.dependencies[0]).toEqual({
    ref: "model",
    dependsOn: ["pkg:npm/odd@1.0.0", "pkg:npm/old@1.0.0", "pkg:npm/sharp@0.35.0", "pkg:npm/zod@4.0.0"],
  });
  expect(document.metadata.component).toMatchObject({ name: "my-model", hashes: [{ content: "1".repeat(64) }] });
});

test("the same bytes each time, and another platform's own packages", async () => {
  writeProject();
  const first = await read();
  expect((await read()).bytes).toEqual(first.bytes);
  const other = JSON.stringify((await read({ os: "linux", architecture: "arm64" })).document);
  expect(other).toContain("sharp-linux-arm64");
  expect(other).not.toContain("sharp-linux-x64");
});
