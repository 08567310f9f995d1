import { createHash } from "node:crypto";
import { join } from "node:path";
import { TrussError } from "../../errors.ts";
import { stagedBytes, stagedText } from "../write-staged.ts";
import { type CacheEntry, cached } from "./cache.ts";
import { type InstallRequest, installInto, manifestFiles } from "./install.ts";
import { readNpmLock } from "./npm-lock.ts";
import { findUnsuitable, refuseUnsuitable } from "./suitability.ts";
import { packageTarget } from "./target.ts";
import type { PackageFile, PackageLink, Packages, PackagesRequest } from "./types.ts";

/**
 * The outside packages as an image holds them; undefined where everything is in the bundle.
 *
 * @throws TrussError PACKAGE_UNSUITABLE, LOCKFILE_MISSING before anything is made; `read` PACKAGE_INSTALL_FAILED
 */
export async function createPackages(request: PackagesRequest): Promise<Packages | undefined> {
  const { installation } = request.stage;
  if (installation === undefined) return undefined;
  const target = packageTarget(request.platform, request.libc ?? "glibc");
  if (request.how === "trace") return (await import("./trace.ts")).tracePackages(request, target);
  const lock = request.stage.files.find(({ path }) => path === "model/package-lock.json");
  if (lock === undefined) throw unlocked();
  const locked = readNpmLock(await stagedText(lock));
  refuseUnsuitable(findUnsuitable(locked, target, request.stage.project.root), target);
  return installedPackages({ ...request, installation, locked, target });
}

async function installedPackages(request: InstallRequest): Promise<Packages> {
  const key = await installKey(request);
  return {
    key,
    read: async () => listFiles(await cached(key, (folder) => installInto(folder, request))),
    close: async () => {},
  };
}

/** To be raised when the same lockfile comes to give other content. */
const layoutVersion = 1;

async function installKey({ stage, target }: InstallRequest): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([layoutVersion, "install", target]));
  for (const file of manifestFiles(stage))
    hash.update(JSON.stringify([file.path, file.size])).update(await stagedBytes(file));
  return hash.digest("hex");
}

function listFiles({ folder, listed }: CacheEntry): readonly (PackageFile | PackageLink)[] {
  return listed.map((entry) => {
    const path = `model/${entry.path}`;
    if ("target" in entry) return { kind: "link", path, target: entry.target };
    const { mode, size } = entry;
    return { kind: "file", path, mode, size, content: { kind: "file", file: join(folder, entry.path) } };
  });
}

function unlocked(): TrussError {
  return new TrussError("LOCKFILE_MISSING", "Packages stay outside the bundle, and no lockfile says which versions.", {
    hint: "make a package-lock.json with: npm install --package-lock-only; or copy what is installed with --packages trace",
  });
}
