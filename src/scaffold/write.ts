import { lstat, mkdir, mkdtemp, readdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TrussError, isTrussError } from "../errors.ts";
import type { ProjectFile } from "./render.ts";
import { errorCode } from "./target.ts";

export interface WriteOptions {
  /** Absolute path of the project's folder. */
  readonly dir: string;
  readonly files: readonly ProjectFile[];
  /** Aborting it undoes everything. */
  readonly signal: AbortSignal;
}

/** No run takes as long as this. */
const deadAfterMs = 60 * 60_000;

type Undo = () => Promise<unknown>;

/**
 * Writes all files, or none: they are made in a folder beside the target and moved into place once complete. Files
 * that are not ours stay.
 *
 * @throws TrussError WRITE_FAILED; the signal's reason when aborted
 */
export async function writeProject(options: WriteOptions): Promise<void> {
  const undo: Undo[] = [];
  try {
    await writeAll(options, undo);
  } catch (error) {
    for (const step of undo.toReversed()) await step().catch(() => undefined);
    throw options.signal.aborted || isTrussError(error) ? error : writeFault(options.dir, error);
  }
}

async function writeAll(options: WriteOptions, undo: Undo[]): Promise<void> {
  const exists = await stat(options.dir).then(
    () => true,
    () => false,
  );
  // An existing folder is never replaced: it may be some shell's working directory.
  if (exists) return fillFolder(options, undo);
  const parent = dirname(options.dir);
  await makeFolders(parent, undo);
  const stage = await makeStage(parent, undo);
  await writeFiles(join(stage, "new"), options);
  await rename(join(stage, "new"), options.dir);
  await rm(stage, { recursive: true, force: true });
}

async function fillFolder(options: WriteOptions, undo: Undo[]): Promise<void> {
  const stage = await makeStage(options.dir, undo);
  const fresh = join(stage, "new");
  await writeFiles(fresh, options);
  for (const file of options.files) {
    const target = join(options.dir, file.path);
    await makeFolders(dirname(target), undo);
    await setAside(target, join(stage, "old", file.path), undo);
    undo.push(() => rm(target, { force: true }));
    await rename(join(fresh, file.path), target);
    options.signal.throwIfAborted();
  }
  await rm(stage, { recursive: true, force: true });
}

async function makeStage(parent: string, undo: Undo[]): Promise<string> {
  await removeDeadStages(parent);
  const stage = await mkdtemp(join(parent, ".truss-ts-"));
  undo.push(() => rm(stage, { recursive: true, force: true }));
  return stage;
}

/** Those of runs that were killed. One that holds files set aside is left to their owner. */
async function removeDeadStages(parent: string): Promise<void> {
  const names = (await readdir(parent).catch(() => [])).filter((name) => /^\.truss-ts-[A-Za-z0-9]{6}$/.test(name));
  for (const stage of names.map((name) => join(parent, name))) {
    const found = await lstat(stage).catch(() => undefined);
    if (found?.isDirectory() !== true || Date.now() - found.mtimeMs < deadAfterMs) continue;
    const held = await readdir(stage).catch(() => ["unknown"]);
    if (held.every((name) => name === "new")) await rm(stage, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function writeFiles(folder: string, { files, signal }: WriteOptions): Promise<void> {
  for (const file of files) {
    signal.throwIfAborted();
    await mkdir(dirname(join(folder, file.path)), { recursive: true });
    await writeFile(join(folder, file.path), file.content);
  }
  signal.throwIfAborted();
}

/** Makes the folder and its parents, one by one: each that was made is removed again by undoing. */
async function makeFolders(folder: string, undo: Undo[]): Promise<void> {
  try {
    await mkdir(folder);
    undo.push(() => rmdir(folder));
  } catch (error) {
    if (errorCode(error) === "EEXIST") return;
    if (errorCode(error) !== "ENOENT" || dirname(folder) === folder) throw error;
    await makeFolders(dirname(folder), undo);
    await makeFolders(folder, undo);
  }
}

async function setAside(target: string, old: string, undo: Undo[]): Promise<void> {
  await mkdir(dirname(old), { recursive: true });
  try {
    await rename(target, old);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  undo.push(() => rename(old, target));
}

function writeFault(dir: string, error: unknown): TrussError {
  const code = errorCode(error);
  const why = reasons[code] ?? (error instanceof Error ? error.message : String(error));
  return new TrussError("WRITE_FAILED", `${dir} could not be written: ${why}. Nothing was left behind.`, {
    hint: code === "ENOSPC" ? "Free some space and try again." : "Choose another folder, or check its permissions.",
    cause: error,
  });
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left on the disk",
  ENOTDIR: "one of its parents is a file",
  ENAMETOOLONG: "the name is too long",
};
