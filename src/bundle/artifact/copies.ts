import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Project } from "../../project/types.ts";
import type { Layout } from "./layout.ts";
import type { CopiedFile } from "./types.ts";

const test = /(?:^|\/)(?:__tests__|__mocks__)\/|\.(?:test|spec)\.[cm]?[jt]sx?$/;
const typesOnly = /\.d\.[cm]?ts$/;

/** What lies in the model's folder beside the sources that were built: read at run time, for all that is known. */
export function listCopies(project: Project, layout: Layout, built: ReadonlySet<string>): CopiedFile[] {
  const folder = join(project.root, project.config.modelModuleDir);
  const files = listFiles(folder).filter((file) => !built.has(file) && !test.test(file) && !typesOnly.test(file));
  const copies = files.map((from) => ({ from, to: layout.stagePath(from), named: false }));
  return copies.sort((left, right) => (left.to < right.to ? -1 : 1));
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" || entry.name === ".git" ? [] : listFiles(path);
    return entry.isFile() ? [path] : [];
  });
}
