import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { listPackageFiles } from "../../../src/bundle/package-files.ts";
import { createTempProject } from "./temp-project.ts";

const none = { found: new Set<string>(), missing: new Map<string, string>() };
const inside = (root: string, files: readonly string[]) =>
  files.filter((file) => file.startsWith(root)).map((file) => file.slice(root.length + 1));

it("waits for what each package manager writes last, in the project and in the workspace around it", () => {
  const root = createTempProject({ "package.json": "{}", "apps/x/package.json": "{}", "apps/x/model/model.ts": "" });
  const files = inside(root, listPackageFiles(join(root, "apps/x"), none));
  for (const home of ["", "apps/x/"]) {
    expect(files).toContain(`${home}node_modules/.package-lock.json`);
    expect(files).toContain(`${home}node_modules/.modules.yaml`);
    expect(files).toContain(`${home}bun.lock`);
  }
  expect(files.filter((file) => file.startsWith("apps/node_modules"))).toEqual([]);
});

it("waits for a missing package wherever it may be installed", () => {
  const root = createTempProject({ "package.json": "{}", "apps/x/package.json": "{}" });
  const missing = new Map([["@acme/it", join(root, "apps/x/model")]]);
  const files = inside(root, listPackageFiles(join(root, "apps/x"), { ...none, missing }));
  expect(files.filter((file) => file.endsWith("@acme/it/package.json"))).toEqual([
    "apps/x/model/node_modules/@acme/it/package.json",
    "apps/x/node_modules/@acme/it/package.json",
    "node_modules/@acme/it/package.json",
  ]);
});

it("knows an installed package by its manifest, a linked one and those it links to by all their code", () => {
  const root = createTempProject({
    "app/package.json": "{}",
    "app/node_modules/@acme/plain/package.json": "{}",
    "app/node_modules/@acme/plain/dist/deep/index.js": "",
    "one/package.json": '{"dependencies":{"two":"*","absent":"*"}}',
    "one/dist/index.js": "",
    "one/README.md": "",
    "one/node_modules/other/index.js": "",
    "one/.cache/index.js": "",
    "two/package.json": '{"dependencies":{"one":"*"}}',
    "two/index.cjs": "",
  });
  mkdirSync(join(root, "node_modules"));
  symlinkSync(join(root, "two"), join(root, "node_modules/two"), "junction");
  const found = new Set([
    join(root, "app/node_modules/@acme/plain/dist/deep/index.js"),
    join(root, "one/dist/index.js"),
  ]);
  const files = inside(root, listPackageFiles(join(root, "app"), { ...none, found }));
  const known = files.filter((file) => /^(?:one|two)\/|plain/.test(file)).sort();
  const linked = ["one/dist/index.js", "one/package.json", "two/index.cjs", "two/package.json"];
  expect(known).toEqual(["app/node_modules/@acme/plain/package.json", ...linked]);
});
