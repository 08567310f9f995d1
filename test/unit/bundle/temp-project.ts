import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const packageFolder = fileURLToPath(new URL("../../..", import.meta.url));

/** Files by path, relative to the project; the folder is removed after the test. */
export function createTempProject(files: Readonly<Record<string, string>>, name = "project"): string {
  const parent = realpathSync(mkdtempSync(join(tmpdir(), "truss-ts-test-")));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true, maxRetries: 3 }));
  const root = join(parent, name);
  mkdirSync(root);
  writeFiles(root, { "config.yaml": "model_name: test\n", ...files });
  return root;
}

export function writeFiles(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** Puts this package where the project's imports of `truss-ts` find it. */
export function linkPackage(root: string): void {
  mkdirSync(join(root, "node_modules"), { recursive: true });
  symlinkSync(packageFolder, join(root, "node_modules", "truss-ts"), "junction");
}
