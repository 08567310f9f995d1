import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import type { OutsideUse } from "../bundle/artifact.ts";
import { TrussError } from "../errors.ts";
import { readYamlFile } from "../project/yaml-file.ts";
import { installScript, readManifest } from "./packages/manifests.ts";
import { asRecord } from "./packages/npm-lock.ts";
import type { Edge, LockedPackage, LockedSet, LockEntry } from "./lockfile-types.ts";

type Table = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface PnpmLock {
  readonly name: string;
  readonly importers: Table;
  readonly packages: Table;
  readonly snapshots: Table;
}

/**
 * What pnpm's lockfile says of these packages and of all that they need, in npm's words: whoever runs the model has npm.
 *
 * @throws TrussError LOCKFILE_MISSING for one that is too old, or that does not fit what is installed; PACKAGE_UNSUITABLE
 */
export async function readPnpmLock(file: string, root: string, outside: readonly OutsideUse[]): Promise<LockedSet> {
  const home = dirname(file);
  const lock = await parseLock(file);
  const packages = new Map<string, LockedPackage>();
  const roots = new Map<string, string>();
  const importer = asRecord(lock.importers[relative(home, root).split(sep).join("/") || "."]);
  for (const use of outside) {
    const name = use.specifiers.length === 1 ? packageOf(use.specifiers[0] ?? use.name) : use.name;
    const path = locate(lock, importer, name, use);
    roots.set(name, visit(lock, name, path, use.folder, packages));
  }
  return {
    file: lock.name,
    packages,
    roots: new Map([...roots].sort(([left], [right]) => (left < right ? -1 : 1))),
    allowedScripts: await readAllowed(home),
    tarballs: [],
    overridden: false,
  };
}

async function parseLock(file: string): Promise<PnpmLock> {
  const name = basename(file);
  const parsed = asRecord(await readYamlFile(file).catch(() => undefined));
  const table = (field: string) => asRecord(parsed[field]) as Table;
  if (parsed["snapshots"] !== undefined || Object.keys(table("packages")).length === 0) {
    return { name, importers: table("importers"), packages: table("packages"), snapshots: table("snapshots") };
  }
  throw new TrussError("LOCKFILE_MISSING", `${name} is of pnpm 8 or older, and cannot be read here.`, {
    hint: "Make it anew with pnpm 9 or newer: pnpm install",
  });
}

/** `sharp/lib` → `sharp`. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** The lockfile's word for an installed package: of the project's own, or of one that a bundled package uses. */
function locate(
  { name: file, snapshots }: PnpmLock,
  importer: Readonly<Record<string, unknown>>,
  name: string,
  { name: own, version }: OutsideUse,
): string {
  const kinds = ["dependencies", "devDependencies", "optionalDependencies"];
  const given = kinds.map((kind) => asRecord(asRecord(importer[kind])[name])["version"]).find(isText);
  const path = given === undefined ? undefined : toPath(name, given);
  if (path !== undefined && /^(?:link|file):/.test(given ?? "")) throw refuseLocal(name, given ?? "");
  if (path !== undefined && versionOf(path) === version) return path;
  const twin = Object.keys(snapshots)
    .sort()
    .find((key) => key.replace(/\(.*$/, "") === `${own}@${version}`);
  if (twin !== undefined) return twin;
  throw new TrussError("LOCKFILE_MISSING", `${file} does not have ${own} ${version}, which is installed.`, {
    hint: "Bring both together with: pnpm install",
  });
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** An edge has a version, or for another name all of it: `better-sqlite3@11.10.0`. */
function toPath(name: string, version: string): string {
  return /^(?:@[^/]+\/)?[^@/(]+@/.test(version) ? version : `${name}@${version}`;
}

function versionOf(path: string): string {
  return path.replace(/\(.*$/, "").replace(/^.+?@/, "");
}

function refuseLocal(name: string, from: string): TrussError {
  return new TrussError("PACKAGE_UNSUITABLE", `${name} comes from ${from}, and cannot be bundled.`, {
    hint: "Publish it: where the model runs, there is only a registry.",
  });
}

/** @param folder where it is installed; `undefined` for what this machine has no use for */
function visit(
  lock: PnpmLock,
  name: string,
  path: string,
  folder: string | undefined,
  packages: Map<string, LockedPackage>,
): string {
  const key = `${name}|${path}`;
  if (packages.has(key)) return key;
  const fixed = path.replace(/\(.*$/, "");
  if (/@(?:link|file|https?|git)[:+]/.test(fixed)) throw refuseLocal(name, versionOf(path));
  const edges: Edge[] = [];
  packages.set(key, { key, name, entry: toEntry(name, fixed, asRecord(lock.packages[fixed]), folder), edges });
  const snapshot = asRecord(lock.snapshots[path]);
  for (const [field, kind] of [
    ["dependencies", "dependency"],
    ["optionalDependencies", "optional"],
  ] as const) {
    for (const [wanted, version] of Object.entries(asRecord(snapshot[field]))) {
      const to = visit(lock, wanted, toPath(wanted, String(version)), neighbour(folder, name, wanted), packages);
      edges.push({ name: wanted, to, kind });
    }
  }
  edges.sort((left, right) => (left.name < right.name ? -1 : 1));
  return key;
}

function toEntry(
  name: string,
  path: string,
  info: Readonly<Record<string, unknown>>,
  folder: string | undefined,
): LockEntry {
  const own = path.slice(0, path.indexOf("@", 1));
  const kept = Object.entries(info).filter(([field]) => ["engines", "os", "cpu", "libc"].includes(field));
  const { integrity } = asRecord(info["resolution"]);
  const hasInstallScript = folder !== undefined && installScript(folder) !== undefined;
  return {
    ...(own === name ? {} : { name: own }),
    version: versionOf(path),
    ...(isText(integrity) ? { integrity } : {}),
    ...Object.fromEntries(kept),
    ...(hasInstallScript ? { hasInstallScript } : {}),
  };
}

/** pnpm puts what a package needs beside it. */
function neighbour(folder: string | undefined, name: string, wanted: string): string | undefined {
  if (folder === undefined) return undefined;
  const beside = join(folder, ...(name.startsWith("@") ? ["..", ".."] : [".."]), wanted);
  return existsSync(beside) ? realpathSync(beside) : undefined;
}

/** `onlyBuiltDependencies`, of package.json or of pnpm-workspace.yaml. */
async function readAllowed(home: string): Promise<Set<string>> {
  const workspace = join(home, "pnpm-workspace.yaml");
  const settings = existsSync(workspace) ? asRecord(await readYamlFile(workspace).catch(() => undefined)) : {};
  const lists = [asRecord(readManifest(home)?.["pnpm"])["onlyBuiltDependencies"], settings["onlyBuiltDependencies"]];
  const builds = Object.entries(asRecord(settings["allowBuilds"])).flatMap(([name, yes]) =>
    yes === true ? [name] : [],
  );
  return new Set([...lists.flatMap((list) => (Array.isArray(list) ? list.filter(isText) : [])), ...builds]);
}
