import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { removeOwnFolder } from "../../../src/dev/own-folder.ts";

function createRoot(files: Readonly<Record<string, string>>): { root: string; folder: string } {
  const root = mkdtempSync(join(tmpdir(), "truss-own-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, ".truss-ts");
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return { root, folder };
}

describe("the folder for bundles", () => {
  it.each([[{}], [{ ".gitignore": "*\n" }]])("goes when only %j is left in it", async (files) => {
    const { root, folder } = createRoot(files);
    await removeOwnFolder(root);
    expect(existsSync(folder)).toBe(false);
  });

  it.each([[{ ".gitignore": "*\n", "1-1": "" }], [{ ".gitignore": "mine" }]])("stays with %j", async (files) => {
    const { root, folder } = createRoot(files);
    await removeOwnFolder(root);
    expect(readdirSync(folder).toSorted()).toEqual(Object.keys(files).toSorted());
  });

  it("need not be there", async () => {
    const { root, folder } = createRoot({});
    rmSync(folder, { recursive: true });
    await removeOwnFolder(root);
    expect(existsSync(folder)).toBe(false);
  });
});
