import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { TrussError } from "../errors.ts";

/** Bundles that nobody holds, the newest ones: one may have been built and be about to be held. */
const keptBundles = 4;
/** Removing files takes its time, which an edit on its way to the model need not wait for. Milliseconds. */
const sweepAfterMs = 500;

/** The folder that one bundler writes to. */
export interface BundleFolder {
  readonly path: string;
  /** Writes a bundle and its source map under a name made from their content; returns the absolute path. */
  write(code: string, map: string): string;
  /** Keeps a bundle until the answer is called; one that somebody else has removed is put back. */
  hold(file: string): () => void;
  /** Removes what was written, as far as that can be done now. */
  remove(): void;
}

interface Bundle {
  readonly code: string;
  readonly map: string;
  holds: number;
}

let bundlers = 0;

/**
 * By default a folder of its own for each bundler, inside the project: packages are found from there as they are from
 * the sources. A project that nobody may write to, such as a checkout mounted read-only, gets one elsewhere.
 *
 * @throws TrussError WRITE_FAILED
 */
export function createBundleFolder(root: string, outDir?: string): BundleFolder {
  const path = outDir === undefined ? openOwnFolder(root) : resolve(outDir);
  if (outDir !== undefined) ensureWritable(path, () => mkdirSync(path, { recursive: true }));
  const bundles = new Map<string, Bundle>();
  let timer: NodeJS.Timeout | undefined;
  const sweepSoon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      removeUnheld(bundles);
    }, sweepAfterMs).unref();
  };
  return {
    path,
    write(code, map) {
      const hash = createHash("sha256").update(code).update(map).digest("hex").slice(0, 16);
      const file = join(path, `model-${hash}.mjs`);
      ensureWritable(path, () => writeBundle(file, code, map));
      const holds = bundles.get(file)?.holds ?? 0;
      bundles.delete(file);
      bundles.set(file, { code, map, holds });
      sweepSoon();
      return file;
    },
    hold: (file) => holdBundle(file, bundles, sweepSoon),
    remove() {
      clearTimeout(timer);
      for (const file of bundles.keys()) removeBundle(file);
      bundles.clear();
      if (outDir === undefined) removeQuietly(path);
    },
  };
}

function openOwnFolder(root: string): string {
  const home = findHome(root);
  const path = join(home, `${process.pid}-${++bundlers}`);
  try {
    mkdirSync(path, { recursive: true });
    removeLeftovers(home);
    if (basename(home) === ".truss-ts") writeFileSync(join(home, ".gitignore"), "*\n");
    return path;
  } catch (error) {
    const elsewhere = full.has(codeOf(error)) ? undefined : openFolderElsewhere(root);
    if (elsewhere !== undefined) return elsewhere;
    throw describeUnwritable(path, error);
  }
}

/** Packages are found from there by a link to where the project has them. */
function openFolderElsewhere(root: string): string | undefined {
  try {
    const path = realpathSync(mkdtempSync(join(tmpdir(), "truss-ts-")));
    const packages = findPackages(root);
    if (packages !== undefined) symlinkSync(packages, join(path, "node_modules"), "junction");
    return path;
  } catch {
    return undefined;
  }
}

function findPackages(folder: string): string | undefined {
  const found = join(folder, "node_modules");
  if (existsSync(found)) return found;
  return dirname(folder) === folder ? undefined : findPackages(dirname(folder));
}

function holdBundle(file: string, bundles: Map<string, Bundle>, onLetGo: () => void): () => void {
  const bundle = bundles.get(file);
  if (bundle === undefined) return () => undefined;
  bundle.holds += 1;
  try {
    writeBundle(file, bundle.code, bundle.map);
  } catch {
    // Importing it fails then, and is told of.
  }
  let released = false;
  return () => {
    if (released) return;
    released = true;
    const known = bundles.get(file);
    if (known !== undefined) known.holds -= 1;
    onLetGo();
  };
}

function removeUnheld(bundles: Map<string, Bundle>): void {
  const unheld = [...bundles].filter(([, { holds }]) => holds === 0).map(([file]) => file);
  for (const file of unheld.slice(0, Math.max(0, unheld.length - keptBundles))) {
    bundles.delete(file);
    removeBundle(file);
  }
}

function writeBundle(file: string, code: string, map: string): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true });
  writeAtomically(`${file}.map`, absoluteSources(map, folder));
  writeAtomically(file, `${code}//# sourceMappingURL=${basename(file)}.map\n`);
}

function findHome(root: string): string {
  return existsSync(join(root, "node_modules"))
    ? join(root, "node_modules", ".cache", "truss-ts")
    : join(root, ".truss-ts");
}

/** Folders of processes that were killed before they could clean up. */
function removeLeftovers(home: string): void {
  for (const name of readdirSync(home)) {
    const pid = Number(/^(\d+)-\d+$/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    removeQuietly(join(home, name));
  }
}

/** What cannot be removed at the moment is left for the next start. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Some file systems keep what somebody still has open.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

function ensureWritable(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw describeUnwritable(path, error);
  }
}

const full: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

function describeUnwritable(path: string, cause: unknown): TrussError {
  const code = codeOf(cause);
  const hint = full.has(code)
    ? "Free some space on the disk, then save again."
    : `Make ${dirname(path)} writable for you, then try again.`;
  return new TrussError("WRITE_FAILED", `The built model cannot be written to ${path} (${code}).`, { hint, cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

function writeAtomically(file: string, text: string): void {
  if (existsSync(file)) return;
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, text);
  renameSync(draft, file);
}

/** URLs instead of relative paths: a `#` or `%` in a folder's name would break those. */
function absoluteSources(map: string, from: string): string {
  const parsed: unknown = JSON.parse(map);
  if (typeof parsed !== "object" || parsed === null || !("sources" in parsed) || !Array.isArray(parsed.sources))
    return map;
  const sources = parsed.sources.map((source: unknown) => pathToFileURL(resolve(from, String(source))).href);
  return JSON.stringify({ ...parsed, sources });
}

function removeBundle(file: string): void {
  removeQuietly(file);
  removeQuietly(`${file}.map`);
}
