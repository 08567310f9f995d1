import { lstat, readFile, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TrussError } from "../errors.ts";
import type { ProjectFile } from "./render.ts";

/** What stands where the project shall be. */
export type Target =
  | { readonly state: "absent" }
  | { readonly state: "empty" }
  | { readonly state: "occupied"; readonly entries: readonly string[] };

/** Left by git and by the Finder; a folder with nothing else is as good as empty. */
const harmless = new Set([".git", ".DS_Store"]);

/** @throws TrussError WRITE_FAILED when it is a file, or cannot be read */
export async function inspectTarget(dir: string): Promise<Target> {
  try {
    const entries = (await readdir(dir)).filter((name) => !harmless.has(name)).toSorted();
    return entries.length === 0 ? { state: "empty" } : { state: "occupied", entries };
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" && !(await isLink(dir))) return { state: "absent" };
    throw new TrussError("WRITE_FAILED", targetFault(dir, code), {
      hint: "Choose another folder.",
      cause: error,
    });
  }
}

/** Files of the project that are there already with another content, by path. */
export async function findOverwrites(dir: string, files: readonly ProjectFile[]): Promise<string[]> {
  const overwritten: string[] = [];
  for (const file of files) {
    await checkParents(dir, file.path);
    if (await differs(dir, file)) overwritten.push(file.path);
  }
  return overwritten;
}

export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );
}

function targetFault(dir: string, code: string): string {
  switch (code) {
    case "ENOENT":
      return `${dir} is a link that leads nowhere.`;
    case "ENOTDIR":
      return `${dir} is not a folder, or one of its parents is a file.`;
    case "EACCES":
    case "EPERM":
      return `${dir} cannot be read: permission denied.`;
    default:
      return `${dir} cannot be read (${code}).`;
  }
}

/** A link is no folder of the project: writing through it would change files elsewhere. */
async function checkParents(dir: string, path: string): Promise<void> {
  for (let parent = dirname(path); parent !== "."; parent = dirname(parent)) {
    const found = await lstat(join(dir, parent)).catch(() => undefined);
    if (found === undefined || found.isDirectory()) continue;
    throw new TrussError("WRITE_FAILED", `${parent} stands in the way: a folder is needed there.`, {
      hint: `Move ${join(dir, parent)} away, or choose another folder.`,
    });
  }
}

async function differs(dir: string, file: ProjectFile): Promise<boolean> {
  const path = join(dir, file.path);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  // Opening a pipe would wait for somebody who writes into it.
  if (!found.isFile()) {
    const what = found.isDirectory() ? "a folder" : "neither a file nor a folder";
    throw new TrussError("WRITE_FAILED", `${file.path} stands in the way: it is ${what}.`, {
      hint: `Move ${path} away, or choose another folder.`,
    });
  }
  return !Buffer.from(file.content).equals(await readFile(path));
}
