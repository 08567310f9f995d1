import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, dirname, relative, sep } from "node:path";
import type { OutsideUse } from "../bundle/artifact.ts";
import { TrussError } from "../errors.ts";
import { readManifest } from "./packages/manifests.ts";
import { stageTarball } from "./lockfile-source.ts";
import type { Edge, LockedPackage, LockedSet, LockEntry } from "./lockfile-types.ts";
import type { StagedFile } from "./types.ts";

interface NpmLock {
  /** As messages name it. */
  readonly name: string;
  /** Absolute folder that holds it: of a workspace, the one above the project. */
  readonly home: string;
  readonly entries: Readonly<Record<string, LockEntry>>;
}

/**
 * What npm's lockfile says of these packages and of all that they need, for every platform.
 *
 * @throws TrussError LOCKFILE_MISSING for one that is too old, or that does not fit what is installed
 */
export function readNpmLock(file: string, root: string, outside: readonly OutsideUse[]): LockedSet {
  const lock = parseLock(file);
  const packages = new Map<string, LockedPackage>();
  const roots = new Map<string, string>();
  const tarballs = new Map<string, StagedFile>();
  for (const use of outside) {
    const key = locate(lock, root, use);
    roots.set(use.name, key);
    visit(lock, key, packages);
  }
  for (const [key, { name, entry, edges }] of packages) {
    if (entry.resolved?.startsWith("file:") !== true) continue;
    const staged = withOwnPlace(stageTarball(lock.home, name, entry.resolved), entry.resolved, tarballs);
    tarballs.set(staged.path, staged);
    const own = { ...entry, resolved: `file:${staged.path.slice("model/".length)}` };
    packages.set(key, { key, name, entry: own, edges });
  }
  const manifest = readManifest(lock.home);
  return {
    file: lock.name,
    packages,
    roots,
    allowedScripts: readAllowed(manifest?.["allowScripts"]),
    tarballs: [...tarballs.values()],
    overridden: manifest?.["overrides"] !== undefined,
  };
}

/** Two of one name may lie in two folders. */
function withOwnPlace(staged: StagedFile, resolved: string, others: ReadonlyMap<string, StagedFile>): StagedFile {
  const twin = others.get(staged.path)?.content;
  if (twin?.kind !== "file" || staged.content.kind !== "file" || twin.file === staged.content.file) return staged;
  const folder = createHash("sha256").update(resolved).digest("hex").slice(0, 8);
  return { ...staged, path: staged.path.replace("/_packages/", `/_packages/${folder}/`) };
}

/** npm writes `sharp` or `sharp@0.33.5`. */
function readAllowed(allowed: unknown): Set<string> {
  const names = Object.entries(Object(allowed) as object).filter(([, isAllowed]) => isAllowed === true);
  return new Set(names.map(([name]) => name.replace(/(?<=.)@.*$/, "")));
}

function parseLock(file: string): NpmLock {
  const name = basename(file);
  const again = "Make it anew with: npm install";
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new TrussError("LOCKFILE_MISSING", `${name} cannot be read: it is no JSON.`, {
      file: name,
      hint: again,
      cause,
    });
  }
  const entries = (parsed as { packages?: Record<string, LockEntry> } | null)?.packages;
  if (entries === undefined) {
    throw new TrussError("LOCKFILE_MISSING", `${name} is of npm 6, and does not say what must be known.`, {
      hint: again,
    });
  }
  const broken = Object.keys(entries).find((key) => !isEntry(entries[key]));
  if (broken === undefined) return { name, home: dirname(file), entries };
  throw new TrussError("LOCKFILE_MISSING", `${name} is not whole: what it says of ${broken} cannot be read.`, {
    hint: again,
  });
}

const texts = ["name", "version", "resolved", "integrity"] as const;
const lists = ["os", "cpu", "libc"] as const;

function isEntry(entry: unknown): boolean {
  if (typeof entry !== "object" || entry === null) return false;
  const fields = entry as Readonly<Record<string, unknown>>;
  return (
    texts.every((field) => ["undefined", "string"].includes(typeof fields[field])) &&
    lists.every((field) => fields[field] === undefined || Array.isArray(fields[field]))
  );
}

/** The lockfile's word for an installed package. */
function locate(lock: NpmLock, root: string, { name, version, folder }: OutsideUse): string {
  const installed = relative(lock.home, folder).split(sep).join("/");
  const project = relative(lock.home, root).split(sep).join("/");
  const key = lock.entries[installed] === undefined ? find(lock, project, name) : installed;
  const entry = key === undefined ? undefined : lock.entries[key];
  if (key !== undefined && !key.includes("node_modules/")) throw refuseLinked(name, key);
  if (key !== undefined && entry?.version === version) return key;
  const says = entry === undefined ? `does not have ${name}` : `has ${name} ${entry.version ?? "without a version"}`;
  throw new TrussError("LOCKFILE_MISSING", `${lock.name} ${says}, and ${version} is installed.`, {
    hint: "Bring both together with: npm install",
  });
}

function refuseLinked(name: string, key: string): TrussError {
  return new TrussError("PACKAGE_UNSUITABLE", `${name} is linked from ${key}, and cannot be bundled.`, {
    hint: "Publish it, or depend on a packed copy: npm pack, then npm install ./the-file.tgz",
  });
}

function visit(lock: NpmLock, key: string, packages: Map<string, LockedPackage>): void {
  if (packages.has(key)) return;
  const entry = lock.entries[key] ?? {};
  if (!key.includes("node_modules/")) throw refuseLinked(key, key);
  const edges = listEdges(lock, key, entry);
  packages.set(key, { key, name: key.slice(key.lastIndexOf("node_modules/") + "node_modules/".length), entry, edges });
  for (const { to } of edges) visit(lock, to, packages);
}

function listEdges(lock: NpmLock, key: string, entry: LockEntry): Edge[] {
  const edges = new Map<string, Edge>();
  const add = (names: Iterable<string>, kind: Edge["kind"], isNeeded: (name: string) => boolean) => {
    for (const name of names) {
      const to = find(lock, key, name);
      if (to !== undefined) edges.set(name, { name, to, kind });
      else if (isNeeded(name)) throw describeGap(lock, key, name);
    }
  };
  const keysOf = (field: string) => Object.keys(Object(entry[field]));
  // A peer that is not there was not wanted; the lockfile of npm 6's ways (legacy-peer-deps) has none of them.
  add(keysOf("peerDependencies"), "peer", () => false);
  add(keysOf("dependencies"), "dependency", () => true);
  add(keysOf("optionalDependencies"), "optional", () => false);
  return [...edges.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

function describeGap({ name }: NpmLock, key: string, wanted: string): TrussError {
  return new TrussError("LOCKFILE_MISSING", `${name} is not whole: ${key} needs ${wanted}, which is not in it.`, {
    hint: "Make it anew with: npm install",
  });
}

/** As Node looks for a package: in the nearest `node_modules`, and upwards. */
function find({ entries }: NpmLock, from: string, name: string): string | undefined {
  for (let base = from; ; base = base.includes("/") ? base.slice(0, base.lastIndexOf("/")) : "") {
    const key = base === "" ? `node_modules/${name}` : `${base}/node_modules/${name}`;
    const entry = entries[key];
    if (entry !== undefined) return entry.link === true ? entry.resolved : key;
    if (base === "") return undefined;
  }
}
