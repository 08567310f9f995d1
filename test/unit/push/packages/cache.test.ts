import { mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cached } from "../../../../src/push/packages/cache.ts";
import { writeTree } from "./made-stage.ts";

let home = "";

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "truss-ts-cache-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function counted(content = "1") {
  let calls = 0;
  const install = async (folder: string) => {
    calls += 1;
    writeTree(folder, { "node_modules/a/index.js": content });
  };
  return { install, calls: () => calls };
}

test("what was installed once is taken from then on", async () => {
  const { install, calls } = counted();
  const first = await cached("key", install, home);
  const second = await cached("key", install, home);
  expect(calls()).toBe(1);
  expect(second).toEqual(first);
  expect(first.listed).toEqual([{ path: "node_modules/a/index.js", size: 1, mode: 0o644 }]);
  expect(readdirSync(home)).toEqual(["key"]);
});

test("several at once end with the same entry, and leave nothing else", async () => {
  const { install } = counted();
  const entries = await Promise.all([1, 2, 3, 4].map(() => cached("key", install, home)));
  expect(new Set(entries.map(({ folder }) => folder)).size).toBe(1);
  expect(readdirSync(home)).toEqual(["key"]);
});

test("a failed install leaves nothing, and the next one is made", async () => {
  const fail = async (folder: string) => {
    writeTree(folder, { "node_modules/a/index.js": "half" });
    throw new Error("no network");
  };
  await expect(cached("key", fail, home)).rejects.toThrow("no network");
  expect(readdirSync(home)).toEqual([]);
  const { install, calls } = counted();
  await cached("key", install, home);
  expect(calls()).toBe(1);
});

test("a damaged entry is made anew", async () => {
  const { install, calls } = counted();
  const { folder } = await cached("key", install, home);
  rmSync(join(folder, "node_modules/a/index.js"));
  await cached("key", install, home);
  expect(calls()).toBe(2);
  writeFileSync(join(folder, "packages.json"), "{ half");
  await cached("key", install, home);
  expect(calls()).toBe(3);
  expect(readdirSync(home)).toEqual(["key"]);
});

test("only so many are kept, and what was just used is not taken away", async () => {
  const { install } = counted();
  const longAgo = new Date(Date.now() - 7 * 24 * 3_600_000);
  for (let number = 10; number < 24; number++) {
    await cached(`key-${number}`, install, home);
    if (number < 20) utimesSync(join(home, `key-${number}`, "packages.json"), longAgo, longAgo);
  }
  await cached("last", install, home);
  const left = readdirSync(home);
  expect(left).toHaveLength(12);
  expect(left).toEqual(expect.arrayContaining(["last", "key-20", "key-23"]));
});

test("an interrupted install of long ago is swept", async () => {
  const longAgo = new Date(Date.now() - 7 * 24 * 3_600_000);
  for (const name of ["new-old", "new-fresh"]) writeTree(home, { [`${name}/node_modules/x`]: "" });
  utimesSync(join(home, "new-old"), longAgo, longAgo);
  await cached("key", counted().install, home);
  expect(readdirSync(home).sort()).toEqual(["key", "new-fresh"]);
});

test("what is listed is the same wherever it was installed", async () => {
  const install = async (folder: string) => {
    writeTree(folder, {
      "node_modules/.package-lock.json": {},
      "node_modules/.cache/x": "",
      "node_modules/.bin/tool": "",
      "node_modules/.modules.yaml": "",
      "node_modules/tool/cli.js": "#!/usr/bin/env node\n",
      "node_modules/tool/lib.so": "\u007FELF...",
      "node_modules/tool/.bin/kept": "",
      "node_modules/tool/node_modules/.bin/dropped": "",
      "node_modules/Zoo/a.js": "",
    });
    symlinkSync("../tool/cli.js", join(folder, "node_modules/Zoo/link"));
  };
  const { listed } = await cached("key", install, home);
  expect(listed).toEqual([
    { path: "node_modules/Zoo/a.js", size: 0, mode: 0o644 },
    { path: "node_modules/Zoo/link", target: "../tool/cli.js" },
    { path: "node_modules/tool/.bin/kept", size: 0, mode: 0o644 },
    { path: "node_modules/tool/cli.js", size: 20, mode: 0o755 },
    { path: "node_modules/tool/lib.so", size: 7, mode: 0o755 },
  ]);
});

test("a link out of the packages is refused", async () => {
  const install = async (folder: string) => {
    writeTree(folder, { "node_modules/a/index.js": "" });
    symlinkSync(tmpdir(), join(folder, "node_modules/workspace"));
  };
  await expect(cached("key", install, home)).rejects.toMatchObject({ code: "PACKAGE_UNSUITABLE" });
});
