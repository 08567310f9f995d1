import type { Dirent } from "node:fs";
import { open, readdir, readlink, stat } from "node:fs/promises";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import { TrussError } from "../../errors.ts";

/** A file or a link below the listed folder, by its path from there with forward slashes. */
export type Listed =
  | { readonly path: string; readonly mode: 0o644 | 0o755; readonly size: number }
  | { readonly path: string; readonly target: string };

/** What package managers note for themselves: it differs from machine to machine, and no server reads it. */
const notes: ReadonlySet<string> = new Set([
  ".bin",
  ".cache",
  ".modules.yaml",
  ".package-lock.json",
  ".pnpm-workspace-state.json",
  ".pnpm-workspace-state-v1.json",
  ".yarn-integrity",
  ".yarn-state.yml",
]);

/**
 * Everything below a `node_modules` that belongs into an image, sorted, and alike wherever it was installed: whether a
 * file may be run is read from its first bytes, since not every system keeps that.
 *
 * @param folder absolute; listed paths begin with its own name
 */
export async function listPackages(folder: string): Promise<readonly Listed[]> {
  const listed: Listed[] = [];
  await visit(folder);
  return listed.sort((left, right) => Buffer.compare(Buffer.from(left.path), Buffer.from(right.path)));

  async function visit(current: string): Promise<void> {
    const entries = await readdir(current, { withFileTypes: true });
    const inModules = current.endsWith(`${sep}node_modules`);
    for (const entry of entries) {
      if (inModules && notes.has(entry.name)) continue;
      const file = join(current, entry.name);
      if (entry.isDirectory()) await visit(file);
      else listed.push(...(await listEntry(entry, file)));
    }
  }

  async function listEntry(entry: Dirent, file: string): Promise<readonly Listed[]> {
    const path = slashed(relative(dirname(folder), file));
    if (entry.isSymbolicLink()) return [{ path, target: await readLink(folder, file) }];
    if (!entry.isFile()) return [];
    const { size } = await stat(file);
    return [{ path, size, mode: await modeOf(file) }];
  }
}

/** Programs, native libraries and scripts may be run. */
export async function modeOf(file: string): Promise<0o644 | 0o755> {
  const head = await readHead(file, 4);
  const runs = head.subarray(0, 2).toString("latin1") === "#!" || head.toString("latin1") === "\u007FELF";
  return runs ? 0o755 : 0o644;
}

export async function readHead(file: string, count: number): Promise<Buffer> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function readLink(root: string, file: string): Promise<string> {
  const target = resolve(dirname(file), await readlink(file));
  if (target !== root && target.startsWith(root + sep)) return slashed(relative(dirname(file), target));
  throw new TrussError("PACKAGE_UNSUITABLE", `${posix.join(slashed(relative(root, file)))} is a link to ${target}.`, {
    hint: "an image holds installed packages only: give the package a version instead of a folder",
  });
}

export function slashed(path: string): string {
  return path.split(sep).join("/");
}
