import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { asRecord } from "./npm-lock.ts";

export type Manifest = Readonly<Record<string, unknown>>;

/** A package.json, or `undefined` where there is none that can be read. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    return asRecord(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
  } catch {
    return undefined;
  }
}

/** Folder of a package as the project has it installed; of several versions the asked-for one, where it is there. */
export function findInstalled(root: string, name: string, version?: string): string | undefined {
  const found = ancestors(root)
    .map((folder) => join(folder, "node_modules", name))
    .filter((folder) => existsSync(join(folder, "package.json")));
  return found.find((folder) => version === undefined || readManifest(folder)?.["version"] === version);
}

/** A folder and all above it, the nearest first. */
export function ancestors(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

/** The script that a package wants to run when it is installed, or `undefined`. */
export function installScript(folder: string): string | undefined {
  const manifest = readManifest(folder);
  const scripts = asRecord(manifest?.["scripts"]);
  const named = ["preinstall", "install", "postinstall"]
    .map((name) => scripts[name])
    .find((text) => text !== undefined);
  if (named !== undefined) return String(named);
  // npm compiles by itself whatever has a recipe for it.
  return manifest?.["gypfile"] !== false && existsSync(join(folder, "binding.gyp")) ? "node-gyp rebuild" : undefined;
}
