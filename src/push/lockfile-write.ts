import { placePackages } from "./lockfile-place.ts";
import type { LockedPackage, LockedSet, LockEntry } from "./lockfile-types.ts";

/** The two files that `npm ci` in `model/` needs, as texts. */
export interface NpmFiles {
  readonly manifest: string;
  readonly lock: string;
}

export interface Writing {
  /** `type` of the project's package.json, which holds for copied `.js` files too. */
  readonly type: string | undefined;
}

/** Names as few facts as possible: who renames the model need not install again. */
const projectName = "model-packages";

/** Writes what npm needs to install exactly these packages, and nothing else. */
export function writeNpmFiles(set: LockedSet, { type }: Writing): NpmFiles {
  const dependencies = Object.fromEntries([...set.roots].map(([name, key]) => [name, specOf(find(set, key))]));
  const scripts = [...set.packages.values()]
    .map(({ name, entry }) => entry.name ?? name)
    .filter((name) => set.allowedScripts.has(name));
  const manifest = {
    name: projectName,
    private: true,
    ...(type === undefined ? {} : { type }),
    dependencies,
    ...(scripts.length === 0 ? {} : { allowScripts: Object.fromEntries(scripts.sort().map((name) => [name, true])) }),
  };
  const required = findRequired(set);
  const packages = [...placePackages(set)].map(([path, key]) => [path, writeEntry(set, find(set, key), required)]);
  const lock = {
    name: projectName,
    lockfileVersion: 3,
    requires: true,
    packages: { "": { name: projectName, dependencies }, ...Object.fromEntries(packages) },
  };
  return { manifest: toText(manifest), lock: toText(lock) };
}

function toText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function find({ packages }: LockedSet, key: string): LockedPackage {
  const found = packages.get(key);
  if (found === undefined) throw new Error(`a package of the lockfile was lost: ${key}`);
  return found;
}

/** An exact version, or where it comes from if that is no registry. */
export function specOf({ name, entry }: LockedPackage): string {
  const { version = "*", resolved = "", name: own } = entry;
  if (/^(?:file:|git[+:])/.test(resolved)) return resolved;
  return own === undefined || own === name ? version : `npm:${own}@${version}`;
}

/** Those that are needed whatever the platform; others may fail to install. */
function findRequired(set: LockedSet): ReadonlySet<string> {
  const required = new Set<string>();
  const queue = [...set.roots.values()];
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    if (required.has(key)) continue;
    required.add(key);
    queue.push(
      ...find(set, key)
        .edges.filter(({ kind }) => kind !== "optional")
        .map(({ to }) => to),
    );
  }
  return required;
}

/** How npm came to need it is another matter here than in the project. */
const flags = new Set(["dev", "optional", "devOptional", "peer", "extraneous", "funding"]);
const fields = { dependency: "dependencies", optional: "optionalDependencies", peer: "peerDependencies" } as const;

function writeEntry(set: LockedSet, locked: LockedPackage, required: ReadonlySet<string>): LockEntry {
  const kept = Object.fromEntries(Object.entries(locked.entry).filter(([field]) => !flags.has(field)));
  for (const [kind, field] of Object.entries(fields)) {
    const ranges = Object(locked.entry[field]) as Readonly<Record<string, string>>;
    const own = locked.edges.filter((edge) => edge.kind === kind);
    delete kept[field];
    if (own.length === 0) continue;
    kept[field] = Object.fromEntries(
      own.map(({ name, to }) => [
        name,
        set.overridden ? specOf(find(set, to)) : (ranges[name] ?? specOf(find(set, to))),
      ]),
    );
  }
  return required.has(locked.key) ? kept : { ...kept, optional: true };
}
