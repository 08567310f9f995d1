import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../lib/package-root.ts";
import { type Manifest, ancestors, findInstalled, readManifest } from "./packages/manifests.ts";
import { type LockedPackage, asRecord, readNpmLock } from "./packages/npm-lock.ts";

export interface KnownPackage {
  readonly name: string;
  readonly version: string;
  /** Subresource integrity, as lockfiles have it. */
  readonly integrity?: string;
  /** As a lockfile has it. */
  readonly license?: string;
}

/** What is found of a package on this machine, in CycloneDX's words. */
export interface PackageFacts {
  licenses(known: KnownPackage): readonly object[];
  /** Of the package as the registry has it. */
  hashes(known: KnownPackage): readonly { readonly alg: string; readonly content: string }[];
}

/** `pkg:npm/%40scope/name@1.0.0`. */
export function packageUrl({ name, version }: KnownPackage): string {
  const path = name.split("/").map(encodeURIComponent).join("/");
  return `pkg:npm/${path}@${encodeURIComponent(version)}`;
}

export function openPackageFacts(root: string): PackageFacts {
  const locks = readProjectLocks(root);
  const find = ({ name, version }: KnownPackage) =>
    locks.flatMap(({ home, locked }) => {
      const entry = locked.get(`${name}@${version}`);
      return entry === undefined ? [] : [{ home, entry }];
    })[0];
  return {
    hashes: (known) => readIntegrity(known.integrity ?? find(known)?.entry.integrity ?? ""),
    licenses: (known) => {
      const found = find(known);
      // Lockfiles come first: they say the same on a machine that has other platforms' packages installed.
      const locked = known.license ?? found?.entry.license;
      if (locked !== undefined) return describeLicense(locked);
      const manifest = found === undefined ? undefined : readManifest(join(found.home, found.entry.path));
      return describeLicense(licenseOf(manifest ?? installedManifest(root, known)));
    },
  };
}

/** The lockfiles of the project and its workspace, and of truss-ts, whose runtime is in the bundle. */
function readProjectLocks(root: string): { home: string; locked: ReadonlyMap<string, LockedPackage> }[] {
  const homes = [...ancestors(root), packageRoot()];
  return homes.flatMap((home) => {
    try {
      const text = readFileSync(join(home, "package-lock.json"), "utf8");
      const entries = [...readNpmLock(text, { development: true }).values()];
      return [{ home, locked: new Map(entries.map((entry) => [`${entry.name}@${entry.version}`, entry])) }];
    } catch {
      return [];
    }
  });
}

function installedManifest(root: string, { name, version }: KnownPackage): Manifest | undefined {
  const folder = findInstalled(root, name, version) ?? findInstalled(packageRoot(), name, version);
  return folder === undefined ? undefined : readManifest(folder);
}

/** Old packages have an object or a list of such. */
function licenseOf(manifest: Manifest | undefined): string | undefined {
  if (manifest === undefined) return undefined;
  const { license, licenses } = manifest;
  const listed = Array.isArray(licenses) ? licenses.map(wordOf).filter((word) => word !== undefined) : [];
  const several = listed.length > 1 ? `(${listed.join(" OR ")})` : listed[0];
  return wordOf(license) ?? several;
}

function wordOf(license: unknown): string | undefined {
  const word = typeof license === "string" ? license : asRecord(license)["type"];
  return typeof word === "string" && word.trim() !== "" ? word.trim() : undefined;
}

/** Only an identifier that SPDX lists may be given as one; whatever else is told by its name. */
function describeLicense(license: string | undefined): readonly object[] {
  if (license === undefined) return [];
  const words = license
    .replaceAll(/[()]/g, " ")
    .trim()
    .split(/\s+(?:OR|AND|WITH)\s+/);
  if (words.length > 1 && words.every((word) => /^[A-Za-z0-9.+-]+$/.test(word))) return [{ expression: license }];
  return [{ license: identifiers.has(license) ? { id: license } : { name: license } }];
}

/** Those of SPDX's identifiers that npm's packages use. */
const identifiers: ReadonlySet<string> = new Set(
  `0BSD AFL-2.1 AGPL-3.0-only AGPL-3.0-or-later Apache-2.0 Artistic-2.0 BlueOak-1.0.0 BSD-2-Clause BSD-3-Clause
   BSD-3-Clause-Clear BSL-1.0 CC-BY-3.0 CC-BY-4.0 CC-BY-SA-4.0 CC0-1.0 EPL-1.0 EPL-2.0 GPL-2.0-only GPL-2.0-or-later
   GPL-3.0-only GPL-3.0-or-later ISC LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later MIT MIT-0 MPL-1.1
   MPL-2.0 NCSA OFL-1.1 OpenSSL PostgreSQL Python-2.0 UPL-1.0 Unicode-DFS-2016 Unlicense W3C WTFPL X11 Zlib ZPL-2.1`
    .split(/\s+/)
    .filter((id) => id !== ""),
);

const algorithms: Readonly<Record<string, string>> = {
  sha1: "SHA-1",
  sha256: "SHA-256",
  sha384: "SHA-384",
  sha512: "SHA-512",
};

function readIntegrity(integrity: string): { alg: string; content: string }[] {
  return integrity.split(/\s+/).flatMap((part) => {
    const [, name = "", base64 = ""] = /^(sha\d+)-([A-Za-z0-9+/]+={0,2})/.exec(part) ?? [];
    const alg = algorithms[name];
    return alg === undefined ? [] : [{ alg, content: Buffer.from(base64, "base64").toString("hex") }];
  });
}
