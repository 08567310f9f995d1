import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { OutsideUse } from "../bundle/artifact.ts";
import { TrussError } from "../errors.ts";
import type { WarningEvent } from "../events.ts";
import { listSome } from "./list-some.ts";
import type { LockedPackage, LockedSet } from "./lockfile-types.ts";

/** Where a model runs unless a target says otherwise: Debian on an x64 processor. */
const place = { os: "linux", cpu: "x64", libc: "glibc" } as const;

/**
 * What may not work where the packages will be installed, known before anything is made.
 *
 * @throws TrussError PACKAGE_UNSUITABLE for what cannot work on Linux at all
 */
export function checkPackages(set: LockedSet, outside: readonly OutsideUse[]): WarningEvent[] {
  const all = [...set.packages.values()];
  refuseOtherSystems(set);
  return [
    ...warnOfScripts(
      all.filter(({ entry }) => entry.hasInstallScript === true),
      set.allowedScripts,
    ),
    ...warnOfMissing([
      ...all.filter((locked) => hasNoBuild(locked, set)).map(({ name }) => name),
      ...outside.filter(({ folder }) => hasNoPrebuild(folder)).map(({ name }) => name),
    ]),
  ];
}

function refuseOtherSystems(set: LockedSet): void {
  const needed = new Set<string>();
  const queue = [...set.roots.values()];
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    const locked = needed.has(key) ? undefined : set.packages.get(key);
    if (locked === undefined) continue;
    needed.add(key);
    if (!allows(locked.entry.os, place.os)) {
      throw new TrussError("PACKAGE_UNSUITABLE", `${locked.name} cannot be installed on Linux.`, {
        hint: `It is for ${locked.entry.os?.join(", ") ?? "other systems"} only; use another package for it in the model.`,
      });
    }
    queue.push(...locked.edges.filter(({ kind }) => kind !== "optional").map(({ to }) => to));
  }
}

/** npm's lists: those that are allowed, or with `!` those that are not. */
function allows(list: readonly string[] | string | undefined, value: string): boolean {
  const entries = typeof list === "string" ? [list] : (list ?? []);
  const wanted = entries.filter((entry) => !entry.startsWith("!"));
  return !entries.includes(`!${value}`) && (wanted.length === 0 || wanted.includes(value) || wanted.includes("any"));
}

function fits({ entry: { os, cpu, libc } }: LockedPackage): boolean {
  return allows(os, place.os) && allows(cpu, place.cpu) && allows(libc, place.libc);
}

/** Builds for each platform come as optional packages, of which one must fit. */
function hasNoBuild({ edges }: LockedPackage, { packages }: LockedSet): boolean {
  const builds = edges.flatMap(({ to, kind }) => (kind === "optional" ? [packages.get(to)] : []));
  const bound = builds.filter((build) => build?.entry.os !== undefined && build.entry.cpu !== undefined);
  return bound.length > 0 && !bound.some((build) => build !== undefined && fits(build));
}

/** prebuildify's way: all builds in one package. */
function hasNoPrebuild(folder: string): boolean {
  const prebuilds = join(folder, "prebuilds");
  return existsSync(prebuilds) && !readdirSync(prebuilds).some((name) => name.startsWith(`${place.os}-${place.cpu}`));
}

function warnOfScripts(found: readonly LockedPackage[], allowed: ReadonlySet<string>): WarningEvent[] {
  const names = [...new Set(found.map(({ name }) => name))].filter((name) => !allowed.has(name)).sort();
  if (names.length === 0) return [];
  return [
    {
      event: "warning",
      message: `${listSome(names)}: ${names.length === 1 ? "runs a script" : "run scripts"} when installed, which npm 12 leaves out without failing.`,
      hint: `allow it with: npm install-scripts approve ${names.join(" ")} (it is written to package.json, and goes along)`,
    },
  ];
}

function warnOfMissing(names: readonly string[]): WarningEvent[] {
  if (names.length === 0) return [];
  return [
    {
      event: "warning",
      message: `${listSome([...new Set(names)].sort())}: the lockfile has no build for Linux on x64 (glibc).`,
      hint: "if package-lock.json was made without it, delete it and node_modules and run: npm install; else add what compiles it to build_commands",
    },
  ];
}
