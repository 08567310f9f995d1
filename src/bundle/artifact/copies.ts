import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Project } from "../../project/types.ts";
import type { Layout } from "./layout.ts";
import type { CopiedFile } from "./types.ts";

const test = /(?:^|\/)(?:__tests__|__mocks__)\/|\.(?:test|spec)\.[cm]?[jt]sx?$/;
const typesOnly = /\.d\.[cm]?ts$/;

/**
 * What lies in the model's folder beside the sources that were built, read at run time for all that is known, and what
 * sources name, wherever it is.
 *
 * @param needed absolute paths of files and folders
 * @param built absolute paths of sources
 * @param made stage paths that are taken by built files
 */
export function listCopies(
  project: Project,
  layout: Layout,
  { needed, built, made }: { needed: Iterable<string>; built: ReadonlySet<string>; made: ReadonlySet<string> },
): CopiedFile[] {
  const copies = new Map<string, CopiedFile>();
  const add = (from: string, named: boolean) => {
    const to = layout.stagePath(from);
    if (!made.has(to)) copies.set(to, { from, to, named });
  };
  const isAsset = (file: string) => !built.has(file) && !test.test(file) && !typesOnly.test(file);
  for (const file of listFiles(join(project.root, project.config.modelModuleDir))) if (isAsset(file)) add(file, false);
  for (const path of needed) {
    if (statSync(path).isFile()) add(path, true);
    else for (const file of listFiles(path)) if (isAsset(file)) add(file, true);
  }
  return [...copies.values()].sort((left, right) => (left.to < right.to ? -1 : 1));
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" || entry.name === ".git" ? [] : listFiles(path);
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? [path] : [];
  });
}
