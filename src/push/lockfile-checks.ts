import { TrussError } from "../errors.ts";
import type { WarningEvent } from "../events.ts";
import { listSome } from "./list-some.ts";
import { readNpmLock } from "./packages/npm-lock.ts";
import { type Unsuitable, findUnsuitable } from "./packages/suitability.ts";
import type { PackageTarget } from "./packages/target.ts";

/** Where a model runs unless a target says otherwise; a target that knows better looks again. */
const usual: PackageTarget = { os: "linux", cpu: "x64", libc: "glibc" };

/**
 * What may not work where the packages will be installed, known before anything is made.
 *
 * @param lock text of the staged lockfile
 * @param allowed names whose install scripts the project allows
 * @throws TrussError PACKAGE_UNSUITABLE for what npm would refuse to install on Linux
 */
export function checkPackages(lock: string, root: string, allowed: ReadonlySet<string>): WarningEvent[] {
  const locked = readNpmLock(lock);
  const found = findUnsuitable(locked, usual, root);
  const elsewhere = new Set(namesOf(findUnsuitable(locked, { ...usual, cpu: "arm64" }, root), "system"));
  const alien = namesOf(found, "system").filter((name) => elsewhere.has(name));
  if (alien.length > 0) {
    throw new TrussError("PACKAGE_UNSUITABLE", `${listSome(alien)} cannot be installed on Linux.`, {
      hint: "use another package for it, or import it only where it is there",
    });
  }
  const isAllowed = (name: string) => allowed.has(name.replace(/(?<=.)@.*$/, ""));
  return [
    ...warnOfScripts(namesOf(found, "script").filter((name) => !isAllowed(name))),
    ...warnOfBuilds(namesOf(found, "build", "system")),
  ];
}

function namesOf(found: readonly Unsuitable[], ...kinds: readonly Unsuitable["kind"][]): string[] {
  const names = found.filter(({ kind }) => kinds.includes(kind)).map(({ name, version }) => `${name}@${version}`);
  return [...new Set(names)].sort();
}

function warnOfScripts(names: readonly string[]): WarningEvent[] {
  if (names.length === 0) return [];
  const plain = names.map((name) => name.replace(/(?<=.)@.*$/, ""));
  return [
    {
      event: "warning",
      message: `${listSome(names)}: a script must run when it is installed, and npm 12 leaves such scripts out without failing.`,
      hint: `allow it with: npm install-scripts approve ${plain.join(" ")} (package.json says so then, here and in what is pushed)`,
    },
  ];
}

function warnOfBuilds(names: readonly string[]): WarningEvent[] {
  if (names.length === 0) return [];
  return [
    {
      event: "warning",
      message: `${listSome(names)}: the lockfile has no build for Linux on an x64 processor (glibc).`,
      hint: "if package-lock.json was made without it, delete it and node_modules and run npm install; else compile it with build_commands",
    },
  ];
}
