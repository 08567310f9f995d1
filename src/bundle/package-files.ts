import { existsSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { packageRoot } from "../lib/package-root.ts";
import { packageName } from "./package-name.ts";

/** The packages that one build has met. */
export interface MetPackages {
  /** Absolute real paths of the files that imports of packages lead to. */
  readonly found: ReadonlySet<string>;
  /** Packages that are not there, with the folder of the file that wants them. */
  readonly missing: ReadonlyMap<string, string>;
}

/** Written last by each package manager: npm, pnpm, yarn 1, yarn. */
const installMarks = [".package-lock.json", ".modules.yaml", ".yarn-integrity", ".yarn-state.yml"];
const bunLocks = ["bun.lock", "bun.lockb"];
const codeFile = /\.(?:[cm]?[jt]sx?|json|node|wasm)$/;
/** A package that is worked on beside the project; beyond this many files it is something else. */
const linkedLimit = 1_000;

/**
 * Files that change when a package is installed, updated or, where it is linked, edited: what was imported of packages
 * is then not what it was. Absolute paths; some are still to come.
 */
export function listPackageFiles(root: string, met: MetPackages): string[] {
  const homes = ancestors(root).filter((folder) => folder === root || existsSync(join(folder, "package.json")));
  const files = new Set<string>();
  for (const home of homes) {
    for (const mark of installMarks) files.add(join(home, "node_modules", mark));
    for (const lock of bunLocks) files.add(join(home, lock));
  }
  for (const [name, from] of met.missing) {
    for (const home of new Set([from, ...homes])) files.add(join(home, "node_modules", name, "package.json"));
  }
  const linked = new Set<string>();
  for (const path of met.found) {
    const manifest = installedManifest(path);
    if (manifest === undefined) addLinked(findOwner(dirname(path)), linked);
    else files.add(manifest);
  }
  for (const folder of linked) listCode(folder, files, files.size + linkedLimit);
  return [...files];
}

function ancestors(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

/** The `package.json` of an installed package; `undefined` for a file that is not below any `node_modules`. */
function installedManifest(path: string): string | undefined {
  const marker = `${sep}node_modules${sep}`;
  const at = path.lastIndexOf(marker);
  if (at === -1) return undefined;
  const inside = path
    .slice(at + marker.length)
    .split(sep)
    .join("/");
  return join(path.slice(0, at + marker.length), packageName(inside), "package.json");
}

function findOwner(folder: string): string | undefined {
  return ancestors(folder).find((candidate) => existsSync(join(candidate, "package.json")));
}

/** A linked package, and those that it uses and that are linked as well. */
function addLinked(folder: string | undefined, linked: Set<string>): void {
  if (folder === undefined || linked.has(folder) || folder === packageRoot()) return;
  linked.add(folder);
  for (const name of readDependencies(folder)) {
    const place = ancestors(folder)
      .map((home) => join(home, "node_modules", name))
      .find((candidate) => existsSync(candidate));
    const real = place === undefined ? undefined : realpathSync(place);
    if (real !== undefined && !real.includes(`${sep}node_modules${sep}`)) addLinked(real, linked);
  }
}

function readDependencies(folder: string): string[] {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const listed: unknown = Reflect.get(Object(manifest), "dependencies");
    return Object.keys(Object(listed));
  } catch {
    return [];
  }
}

function listCode(folder: string, files: Set<string>, limit: number): void {
  for (const entry of readFolder(folder)) {
    if (files.size >= limit) return;
    const path = join(folder, entry.name);
    if (entry.isFile() && codeFile.test(entry.name)) files.add(path);
    if (entry.isDirectory() && entry.name !== "node_modules" && !entry.name.startsWith("."))
      listCode(path, files, limit);
  }
}

function readFolder(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
