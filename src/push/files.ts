import { type Stats, lstatSync, opendirSync, realpathSync, statSync } from "node:fs";
import { basename, join, sep } from "node:path";
import { TrussError } from "../errors.ts";
import { projectPath } from "../lib/paths.ts";
import { describeUnreadable } from "./content.ts";
import type { IgnoreRules } from "./ignore.ts";

/** A file of the project that may be staged. */
export interface FoundFile {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  /** Absolute; of a link, what it leads to. */
  readonly file: string;
  readonly size: number;
  readonly mode: 0o644 | 0o755;
}

/** A file that stays at home, and why. A folder's path ends in `/`. */
export interface LeftFile {
  readonly path: string;
  readonly why: "private" | "special";
}

export interface Findings {
  readonly files: readonly FoundFile[];
  readonly left: readonly LeftFile[];
}

export interface Search {
  /** Absolute real path of the project. */
  readonly root: string;
  readonly rules: IgnoreRules;
  /** Absolute paths that are not looked at. */
  readonly except: ReadonlySet<string>;
}

/**
 * Every file below a folder of the project that its rules let through. Links are followed inside the project.
 *
 * @param folder relative to the project, with forward slashes; one that is not there has no files
 * @throws TrussError STAGE_CONFLICT
 */
export function findFiles(search: Search, folder: string): Findings {
  const files: FoundFile[] = [];
  const left: LeftFile[] = [];
  const start = join(search.root, folder);
  if (statSync(start, { throwIfNoEntry: false })?.isDirectory() !== true) return { files, left };
  visit(folder === "." ? "" : folder, realInside(search.root, folder, start), []);
  return { files, left };

  function visit(path: string, real: string, above: readonly string[]): void {
    if (above.includes(real)) throw circular(path);
    for (const name of readNames(path, real)) {
      look(path === "" ? name : `${path}/${name}`, join(real, name), [...above, real]);
    }
  }

  function look(path: string, file: string, above: readonly string[]): void {
    if (search.except.has(file)) return;
    // Asked twice, as a file may be a link to a folder: what is ignored may lead anywhere.
    const entry = statOf(path, () => lstatSync(file));
    if (isLeft(path, entry.isDirectory())) return;
    const real = entry.isSymbolicLink() ? realInside(search.root, path, file) : file;
    const stats = entry.isSymbolicLink() ? statOf(path, () => statSync(real)) : entry;
    if (entry.isSymbolicLink() && isLinkLeft(path, real, stats)) return;
    if (stats.isDirectory()) {
      visit(path, real, above);
    } else if (stats.isFile()) files.push({ path, file: real, size: stats.size, mode: modeOf(stats) });
    else left.push({ path, why: "special" });
  }

  function isLeft(path: string, isFolder: boolean): boolean {
    const named = isFolder ? `${path}/` : path;
    const why = search.rules(named);
    if (why === "private") left.push({ path: named, why });
    return isOut(why);
  }

  /** A key is no less of one by another name. */
  function isLinkLeft(path: string, real: string, stats: Stats): boolean {
    if (isLeft(path, stats.isDirectory())) return true;
    const isPrivate = isPrivateTarget(search, path, real, stats);
    if (isPrivate) left.push({ path, why: "private" });
    return isPrivate;
  }
}

/** One file that is asked for by name; `undefined` where a rule keeps it at home. A linked package's may lie outside. */
export function findFile(search: Search, path: string): FoundFile | undefined {
  const isOutside = path.startsWith("../");
  if (isOut(search.rules(isOutside ? basename(path) : path))) return undefined;
  const file = join(search.root, path);
  const real = isOutside ? file : realInside(search.root, path, file);
  const stats = statOf(path, () => statSync(real));
  if (!stats.isFile() || isPrivateTarget(search, path, real, stats)) return undefined;
  return { path, file: real, size: stats.size, mode: modeOf(stats) };
}

function isOut(why: ReturnType<IgnoreRules>): boolean {
  return why !== undefined && why !== "allowed";
}

function isPrivateTarget({ root, rules }: Search, path: string, real: string, stats: Stats): boolean {
  const target = projectPath(root, real);
  if (target === path || target.startsWith("../") || rules(path) === "allowed") return false;
  return rules(stats.isDirectory() ? `${target}/` : target) === "private";
}

function readNames(path: string, folder: string): string[] {
  try {
    const opened = opendirSync(folder);
    try {
      const names: string[] = [];
      for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) names.push(entry.name);
      return names.sort();
    } finally {
      opened.closeSync();
    }
  } catch (error) {
    throw describeUnreadable(path === "" ? "The project's folder" : path, error);
  }
}

function statOf(path: string, stat: () => Stats): Stats {
  try {
    return stat();
  } catch (error) {
    if (!path.includes("\uFFFD")) throw describeUnreadable(path, error);
    throw new TrussError("STAGE_CONFLICT", `The name of ${path} is not UTF-8.`, { hint: "Rename it.", cause: error });
  }
}

function realInside(root: string, path: string, file: string): string {
  let real: string;
  try {
    real = realpathSync(file);
  } catch (error) {
    throw describeLink(path, error);
  }
  if (real === root || real.startsWith(root + sep)) return real;
  throw new TrussError("STAGE_CONFLICT", `${path} is a link to ${real}, outside of the project.`, {
    hint: "Put a copy in its place, or name it in .trussignore if the model does not need it where it will run.",
  });
}

function describeLink(path: string, error: unknown): TrussError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ELOOP") return circular(path);
  if (code !== "ENOENT") return describeUnreadable(path, error);
  return new TrussError("STAGE_CONFLICT", `${path} is a link that leads nowhere.`, {
    hint: "Correct it, remove it, or name it in .trussignore.",
  });
}

function circular(path: string): TrussError {
  return new TrussError("STAGE_CONFLICT", `${path} is a link to a folder that it lies in.`, {
    hint: "Remove the link, or name it in .trussignore.",
  });
}

/** What git keeps of a mode: whether its owner may run it. The rest depends on the machine. */
function modeOf(stats: Stats): 0o644 | 0o755 {
  return (stats.mode & 0o100) === 0 ? 0o644 : 0o755;
}
