import { type Dirent, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { TrussError, exitCodes } from "../../errors.ts";
import { ancestors, findInstalled, installScript, readManifest } from "./manifests.ts";
import { type LockedPackage, asRecord, resolveLocked } from "./npm-lock.ts";
import { type PackageTarget, type Restrictions, isFor, readPlatformWords, targetName } from "./target.ts";

/** A package that would not work in the image, and what to do. */
export interface Unsuitable {
  readonly name: string;
  readonly version: string;
  /** It is not made for the system; no build for it is known; something must run when it is installed. */
  readonly kind: "system" | "build" | "script";
  readonly why: string;
  readonly hint: string;
}

/** Their scripts only make a start faster, look whether all is well, or fetch what a server on a CPU does not use. */
const harmless: ReadonlySet<string> = new Set([
  "core-js",
  "core-js-pure",
  "es5-ext",
  "esbuild",
  "onnxruntime-node",
  "protobufjs",
  "sharp",
  "tesseract.js",
]);

/**
 * The packages that need something to run while they are installed, or that have no build for the target. Nothing runs
 * when an image is made without a builder.
 *
 * @param root the project's folder
 */
export function findUnsuitable(
  locked: ReadonlyMap<string, LockedPackage>,
  target: PackageTarget,
  root: string,
): readonly Unsuitable[] {
  const denied = readDenied(root);
  return [...locked.values()]
    .filter((entry) => !entry.optional)
    .flatMap((entry): readonly Unsuitable[] => {
      const { name, version } = entry;
      if (!isFor(target, entry)) return [{ name, version, ...wrongPlatform(target) }];
      const builds = judgeBuilds(entry, locked, target);
      if (builds === "lacking") return [{ name, version, ...noBuild(target) }];
      if (!entry.hasInstallScript || builds === "there") return [];
      return judgeScript(name, version, target, root, denied);
    });
}

/** @throws TrussError PACKAGE_UNSUITABLE (exit code 5) that names each of them, unless there is none */
export function refuseUnsuitable(unsuitable: readonly Unsuitable[], target: PackageTarget): void {
  if (unsuitable.length === 0) return;
  const lines = unsuitable.map(({ name, version, why }) => `  ${name}@${version} ${why}`);
  const count = unsuitable.length === 1 ? "A package" : `${unsuitable.length} packages`;
  const message = `${count} would not work in an image for ${targetName(target)}:\n${lines.join("\n")}`;
  const hint = [...new Set(unsuitable.map((entry) => entry.hint))].join("; ");
  throw new TrussError("PACKAGE_UNSUITABLE", message, { hint, exitCode: exitCodes.validation });
}

function noBuild(target: PackageTarget) {
  return {
    kind: "build" as const,
    why: `has no build for ${targetName(target)} in the lockfile`,
    hint: "if package-lock.json was made without it, delete it and node_modules and run npm install; else choose another --platform, or another package",
  };
}

function wrongPlatform(target: PackageTarget) {
  return {
    kind: "system" as const,
    why: `is not made for ${targetName(target)}`,
    hint: "choose another --platform, or another package",
  };
}

/** Packages such as sharp and esbuild have a package of its own for each platform, and name them all as optional. */
function judgeBuilds(
  entry: LockedPackage,
  locked: ReadonlyMap<string, LockedPackage>,
  target: PackageTarget,
): "none" | "there" | "lacking" {
  const family = entry.optionalDependencies
    .map((name) => ({ name, found: resolveLocked(locked, entry.path, name) }))
    .map(({ name, found }) => ({ name, found, words: { ...readPlatformWords(name), ...restrictionsOf(found) } }))
    .filter(({ words }) => words.os !== undefined);
  const systems = new Set(family.flatMap(({ words }) => words.os ?? []));
  // One for a single system is an extra, such as fsevents on a Mac.
  if (systems.size < 2 && !systems.has("linux")) return "none";
  if (family.some(({ words, found }) => found !== undefined && isFor(target, words))) return "there";
  return "lacking";
}

function restrictionsOf(found: LockedPackage | undefined): Restrictions {
  const { os, cpu, libc } = found ?? {};
  return {
    ...(os === undefined ? {} : { os }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(libc === undefined ? {} : { libc }),
  };
}

function judgeScript(
  name: string,
  version: string,
  target: PackageTarget,
  root: string,
  denied: ReadonlySet<string>,
): readonly Unsuitable[] {
  if (harmless.has(name) || denied.has(name) || denied.has(`${name}@${version}`)) return [];
  const folder = findInstalled(root, name, version);
  if (folder !== undefined && hasPrebuild(folder, target)) return [];
  const script = folder === undefined ? undefined : installScript(folder);
  const why = `runs an install script${script === undefined ? "" : ` (${script})`}, and nothing runs while this image is made`;
  const hint = `--builder lets it run in a container; if the model works without it, put "allowScripts": { "${name}": false } into package.json`;
  return [{ name, version, kind: "script", why, hint }];
}

/** Packages made with prebuildify carry a build for each platform. */
function hasPrebuild(folder: string, target: PackageTarget): boolean {
  const prebuilds = join(folder, "prebuilds");
  return list(prebuilds).some((entry) => {
    const words = readPlatformWords(entry.name);
    const files = list(join(prebuilds, entry.name)).filter(({ name }) => name.endsWith(".node"));
    const fits = words.os !== undefined && isFor(target, words);
    return fits && files.some(({ name }) => isFor(target, { libc: readPlatformWords(name).libc ?? [] }));
  });
}

/** npm's own word for scripts that need not run: `allowScripts` in package.json, of the project or its workspace. */
function readDenied(root: string): ReadonlySet<string> {
  const denied = new Set<string>();
  for (const folder of ancestors(root)) {
    const entries = Object.entries(asRecord(readManifest(folder)?.["allowScripts"]));
    for (const [name, allowed] of entries) if (allowed === false) denied.add(name);
    if (existsSync(join(folder, ".git"))) break;
  }
  return denied;
}

function list(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
