import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packFiles } from "../../../src/scaffold/pack.ts";
import { makeFolder, readTree } from "./folder.ts";

const longPath = `${"long-folder-name/".repeat(7)}file.txt`;
const files = [
  { path: "bin/run.js", content: Buffer.from("#!/usr/bin/env node\n") },
  { path: "empty", content: Buffer.alloc(0) },
  { path: longPath, content: Buffer.from("x".repeat(1500)) },
];

test("a packed package is one that tar reads", () => {
  const folder = makeFolder();
  writeFileSync(join(folder, "package.tgz"), packFiles(files));
  execFileSync("tar", ["xzf", "package.tgz"], { cwd: folder });
  expect(readTree(join(folder, "package"))).toEqual({
    "bin/run.js": "#!/usr/bin/env node\n",
    empty: "",
    [longPath]: "x".repeat(1500),
  });
  expect(execFileSync("tar", ["tvzf", "package.tgz"], { cwd: folder, encoding: "utf8" })).toMatch(/^-rwxr-xr-x 0\/0/);
});

test("the same files give the same bytes", () => {
  expect(Buffer.from(packFiles(files)).equals(packFiles(files))).toBe(true);
});
