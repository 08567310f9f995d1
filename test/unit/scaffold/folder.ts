import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder of the test's own, gone when it ends. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "truss-ts-scaffold-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file below, by path; folders that are empty end in a slash. */
export function readTree(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { withFileTypes: true }).flatMap((entry): [string, string][] => {
    if (!entry.isDirectory()) return [[entry.name, readFileSync(join(folder, entry.name), "utf8")]];
    const below = Object.entries(readTree(join(folder, entry.name)));
    if (below.length === 0) return [[`${entry.name}/`, ""]];
    return below.map(([path, text]) => [`${entry.name}/${path}`, text]);
  });
  return Object.fromEntries(entries);
}
