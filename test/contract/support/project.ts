import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Fixture } from "./target.ts";

export const repository = fileURLToPath(new URL("../../..", import.meta.url));

/** A copy of a fixture in a folder of its own, with truss-ts among its packages. */
export async function makeProject(
  fixture: Fixture,
  config?: string,
): Promise<{ root: string; remove(): Promise<void> }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), `truss-ts-${fixture}-`)));
  await cp(fixtureFolder(fixture), root, { recursive: true });
  await writeFile(join(root, "package.json"), '{ "type": "module", "private": true }\n');
  await mkdir(join(root, "node_modules"));
  await symlink(repository, join(root, "node_modules", "truss-ts"), "dir");
  if (config !== undefined) await writeFile(join(root, "config.yaml"), config);
  return { root, remove: () => rm(root, { recursive: true, force: true, maxRetries: 3 }) };
}

export function fixtureFolder(fixture: Fixture): string {
  return join(repository, "test", "fixtures", "models", fixture);
}

export function readFixtureConfig(fixture: Fixture): Promise<string> {
  return readFile(join(fixtureFolder(fixture), "config.yaml"), "utf8");
}
