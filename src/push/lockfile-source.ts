import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename, join, resolve, sep } from "node:path";
import { TrussError } from "../errors.ts";
import type { LockedPackage } from "./lockfile-types.ts";
import type { StagedFile } from "./types.ts";

/** What a server takes for a key, where an address has it in its query. */
const keyNames = /^_?(?:access_?|auth_?|private_?)?(?:token|key|secret|password|auth|sig|signature)$/i;

/**
 * Addresses of packages go along in the lockfile; a key in one would be everybody's.
 *
 * @throws TrussError STAGE_SECRET, which names the package and not its address
 */
export function refuseKeyed(lockfile: string, packages: Iterable<LockedPackage>): void {
  for (const { name, entry } of packages) {
    if (!isKeyed(entry.resolved ?? "")) continue;
    throw new TrussError("STAGE_SECRET", `${lockfile} has a key in the address of ${name}, and would be pushed.`, {
      hint: `Keep the key in .npmrc, or where git looks for it, and install ${name} anew. If it is none: --allow-secret ${lockfile}`,
      file: lockfile,
    });
  }
}

function isKeyed(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, username, password, searchParams } = new URL(address);
  // Over ssh a name opens nothing by itself.
  if (password !== "" || (username !== "" && !protocol.endsWith("ssh:"))) return true;
  return [...searchParams.keys()].some((key) => keyNames.test(key));
}

/**
 * A packed package of the project's own, which goes along.
 *
 * @param home absolute folder that the address starts from
 * @throws TrussError PACKAGE_UNSUITABLE
 */
export function stageTarball(home: string, name: string, resolved: string): StagedFile {
  const file = resolve(home, resolved.slice("file:".length));
  const stats = statSync(file, { throwIfNoEntry: false });
  // A lockfile may come from anybody: only a package is taken by its word, not whatever else lies on this machine.
  if (stats?.isFile() !== true || !isPacked(file)) {
    throw new TrussError("PACKAGE_UNSUITABLE", `${name} is installed from ${resolved}, which is no packed package.`, {
      hint: "Depend on a packed copy: npm pack, then npm install ./the-file.tgz",
    });
  }
  const path = join("model", "_packages", basename(file)).split(sep).join("/");
  return { path, mode: 0o644, size: stats.size, content: { kind: "file", file } };
}

function isPacked(file: string): boolean {
  const opened = openSync(file, "r");
  try {
    const start = Buffer.alloc(262);
    readSync(opened, start, 0, start.length, 0);
    return start.readUInt16BE(0) === 0x1f8b || start.toString("latin1", 257) === "ustar";
  } finally {
    closeSync(opened);
  }
}
