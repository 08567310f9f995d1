import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What a package's folder says of it. */
export interface PackageInfo {
  readonly version: string;
  /** Why it cannot be bundled, as far as its manifest and files tell. */
  readonly why: string | undefined;
  /** Names of all that it may want at run time. */
  readonly dependencies: readonly string[];
}

const installScripts = new Set(["preinstall", "install", "postinstall"]);
/** Packages that others use to find or to build their native part. */
const nativeHelpers =
  /^(?:node-gyp-build|node-gyp-build-optional-packages|bindings|nan|prebuild-install|node-addon-api|@mapbox\/node-pre-gyp|@napi-rs\/.*|cmake-js|detect-libc)$/;
const platformName = /[-/](?:linux|darwin|win32|freebsd|android)(?:-|$)/;
/** Folders deep enough for `build/Release` and `prebuilds/linux-x64`, and no more files than a glance takes. */
const deepest = 3;
const glance = 2_000;

export function readPackageInfo(folder: string): PackageInfo {
  const manifest = readManifest(folder);
  const list = (key: string) => Object.keys(Object(manifest[key]));
  return {
    version: typeof manifest["version"] === "string" ? manifest["version"] : "0.0.0",
    why: findWhy(folder, manifest, list),
    dependencies: [...new Set([...list("dependencies"), ...list("optionalDependencies"), ...list("peerDependencies")])],
  };
}

function findWhy(
  folder: string,
  manifest: Readonly<Record<string, unknown>>,
  list: (key: string) => string[],
): string | undefined {
  if (manifest["gypfile"] === true || existsSync(join(folder, "binding.gyp"))) return "native code";
  if (manifest["os"] !== undefined || manifest["cpu"] !== undefined) return "native code";
  if (list("optionalDependencies").some((name) => platformName.test(name))) return "native code";
  if ([...list("dependencies"), ...list("optionalDependencies")].some((name) => nativeHelpers.test(name))) {
    return "native code";
  }
  if (holdsAddon(folder)) return "native code";
  const scripts = list("scripts").filter((name) => installScripts.has(name));
  return scripts.length > 0 ? "install script" : undefined;
}

function readManifest(folder: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

function holdsAddon(folder: string): boolean {
  let left = glance;
  const look = (path: string, depth: number): boolean => {
    for (const entry of readFolder(path)) {
      if (left-- <= 0) return false;
      if (entry.isFile() && entry.name.endsWith(".node")) return true;
      if (!entry.isDirectory() || entry.name === "node_modules" || depth === deepest) continue;
      if (look(join(path, entry.name), depth + 1)) return true;
    }
    return false;
  };
  return look(folder, 0);
}

function readFolder(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}
