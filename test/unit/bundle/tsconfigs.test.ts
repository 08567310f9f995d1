import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findAliasTargets, findTsconfigs } from "../../../src/bundle/tsconfigs.ts";
import { createTempProject, writeFiles } from "./temp-project.ts";

const files = (root: string, folders: readonly string[]) =>
  findTsconfigs(folders.map((folder) => join(root, folder)))
    .filter((file) => file.startsWith(root))
    .map((file) => file.slice(root.length + 1))
    .sort();

describe("the tsconfig.json of a folder", () => {
  it("is the nearest one above, and each is read once", () => {
    const root = createTempProject({
      "tsconfig.json": "{}",
      "inner/tsconfig.json": "{}",
      "inner/deep/a.ts": "",
      "b/c/d.ts": "",
    });
    expect(files(root, ["inner/deep", "inner"])).toEqual(["inner/tsconfig.json"]);
    expect(files(root, ["inner/deep", "b/c", "b"])).toEqual(["inner/tsconfig.json", "tsconfig.json"]);
  });

  it("brings along what it extends: by path, by package, one or several, to be, and in a circle", () => {
    const root = createTempProject({
      "tsconfig.json":
        '\uFEFF{ /* "extends": "no" */ "extends": ["./a", "pkg", "pkg/strict", "./missing",], // "extends"\n }',
      "a.json": '{"extends":"./sub/b.json"}',
      "sub/b.json": '{"extends":"../tsconfig.json"}',
    });
    writeFiles(join(root, "node_modules/pkg"), { "package.json": "{}", "tsconfig.json": "{}", "strict.json": "{}" });
    const inPackage = ["node_modules/pkg/strict.json", "node_modules/pkg/tsconfig.json"];
    expect(files(root, ["."])).toEqual(["a.json", "missing.json", ...inPackage, "sub/b.json", "tsconfig.json"]);
  });

  it("that is no JSON, or no object, extends nothing", () => {
    for (const text of ["{", "[]", "null", '"extends"', '{"extends":1}']) {
      const root = createTempProject({ "tsconfig.json": text });
      expect(files(root, ["."])).toEqual(["tsconfig.json"]);
    }
  });
});

describe("an alias", () => {
  const root = () =>
    createTempProject({
      "tsconfig.json": '{"extends":"./base.json"}',
      "base.json":
        '{"compilerOptions":{"baseUrl":"src","paths":{"@lib/*":["lib/*","old/*"],"exact":["one.ts"],"~*.css":["css/*"],"*":["any/*"]}}}',
    });

  it.each([
    ["@lib/a/b", ["src/lib/a/b", "src/old/a/b"]],
    ["exact", ["src/one.ts"]],
    ["exactly", []],
    ["~x.css", ["src/css/x"]],
    ["~x.js", []],
    // The pattern for everything says nothing about a package.
    ["lodash", []],
  ])("%s", (specifier, expected) => {
    const folder = root();
    expect(findAliasTargets(folder, specifier)).toEqual(expected.map((path) => join(folder, path)));
  });
});
