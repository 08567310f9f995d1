import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resolveTrussVersion } from "../../../src/scaffold/truss-version.ts";
import { makeFolder } from "./folder.ts";

test("an installed package is depended on by its version", () => {
  expect(resolveTrussVersion(makePackage())).toBe("^1.2.3");
});

test("a git checkout is depended on by a tarball of what would be published", () => {
  const root = makePackage();
  mkdirSync(join(root, ".git"));
  const tarball = resolveTrussVersion(root).replace(/^file:/, "");
  expect(tarball).toMatch(/truss-ts-1\.2\.3-[0-9a-f]{12}\.tgz$/);
  const read = (path: string) => execFileSync("tar", ["xOzf", tarball, `package/${path}`], { encoding: "utf8" });
  expect(execFileSync("tar", ["tzf", tarball], { encoding: "utf8" }).trim().split("\n")).toEqual([
    "package/bin/run.js",
    "package/package.json",
    "package/templates/one/_gitignore",
  ]);
  expect(JSON.parse(read("package.json"))).toEqual({
    name: "truss-ts",
    version: "1.2.3",
    files: ["bin", "templates", "CHANGELOG.md"],
  });
});

test("another build is another tarball, the same one the same", () => {
  const root = makePackage();
  mkdirSync(join(root, ".git"));
  const first = resolveTrussVersion(root);
  expect(resolveTrussVersion(root)).toBe(first);
  writeFileSync(join(root, "bin/run.js"), "changed");
  expect(resolveTrussVersion(root)).not.toBe(first);
});

function makePackage(): string {
  const root = makeFolder();
  const manifest = {
    name: "truss-ts",
    version: "1.2.3",
    files: ["bin", "templates", "CHANGELOG.md"],
    scripts: { prepare: "exit 1" },
    devDependencies: { vitest: "1" },
  };
  const files = {
    "package.json": JSON.stringify(manifest),
    "bin/run.js": "run",
    "src/secret.ts": "",
    "templates/one/_gitignore": "",
    "templates/one/node_modules/x/index.js": "",
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
