import type { Restrictions } from "./target.ts";

/** One package of a `package-lock.json`. */
export interface LockedPackage extends Restrictions {
  /** Where npm puts it: `node_modules/a/node_modules/b`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly hasInstallScript: boolean;
  /** Left out without a fault where it cannot be installed. */
  readonly optional: boolean;
  readonly dependencies: readonly string[];
  readonly optionalDependencies: readonly string[];
  /** Subresource integrity: `sha512-…`, several parted by blanks. */
  readonly integrity?: string;
  readonly license?: string;
}

/**
 * The packages of a `package-lock.json` (versions 2 and 3) by their paths, without the project itself and, unless they
 * are asked for, without those for development.
 *
 * @throws SyntaxError where it is not JSON
 */
export function readNpmLock(text: string, { development = false } = {}): ReadonlyMap<string, LockedPackage> {
  const packages = asRecord(asRecord(JSON.parse(text))["packages"]);
  const found = new Map<string, LockedPackage>();
  for (const [path, value] of Object.entries(packages)) {
    const entry = asRecord(value);
    const at = path.lastIndexOf("node_modules/");
    if (at === -1 || (entry["dev"] === true && !development) || entry["link"] === true) continue;
    found.set(path, readEntry(path, path.slice(at + "node_modules/".length), entry));
  }
  return found;
}

/** What a package finds when it asks for another by name, as Node looks for it: beside itself first, then above. */
export function resolveLocked(
  locked: ReadonlyMap<string, LockedPackage>,
  from: string,
  name: string,
): LockedPackage | undefined {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf("/node_modules/")))) {
    const found = locked.get(base === "" ? `node_modules/${name}` : `${base}/node_modules/${name}`);
    if (found !== undefined || base === "") return found;
  }
}

function readEntry(path: string, folder: string, entry: Readonly<Record<string, unknown>>): LockedPackage {
  const { integrity, license } = entry;
  return {
    path,
    // An alias has its real name written beside it.
    name: typeof entry["name"] === "string" ? entry["name"] : folder,
    version: String(entry["version"] ?? ""),
    hasInstallScript: entry["hasInstallScript"] === true,
    optional: entry["optional"] === true || entry["devOptional"] === true,
    dependencies: Object.keys({ ...asRecord(entry["dependencies"]), ...asRecord(entry["peerDependencies"]) }),
    optionalDependencies: Object.keys(asRecord(entry["optionalDependencies"])),
    ...readRestrictions(entry),
    ...(typeof integrity === "string" ? { integrity } : {}),
    ...(typeof license === "string" ? { license } : {}),
  };
}

/** `os`, `cpu` and `libc` of a lockfile's entry or a package.json; each may be one word or several. */
export function readRestrictions(entry: Readonly<Record<string, unknown>>): Restrictions {
  const read = (key: "os" | "cpu" | "libc") => {
    const value = entry[key];
    const list = typeof value === "string" ? [value] : Array.isArray(value) ? value.filter(isString) : [];
    return list.length === 0 ? {} : { [key]: list };
  };
  return { ...read("os"), ...read("cpu"), ...read("libc") };
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}
