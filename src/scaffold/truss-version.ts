import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { packageRoot } from "../lib/package-root.ts";
import { packFiles } from "./pack.ts";
import type { ProjectFile } from "./render.ts";

/**
 * What a project's `package.json` asks of `truss-ts`: the installed version or newer; from a git checkout a tarball
 * packed from it, which every package manager installs as it would install the published package.
 */
export function resolveTrussVersion(root: string = packageRoot()): string {
  const manifest = readManifest(root);
  return existsSync(join(root, ".git")) ? `file:${packCheckout(root, manifest)}` : `^${manifest.version}`;
}

interface Manifest {
  readonly version: string;
  readonly files: readonly string[];
  /** As it is published. Scripts would only run by surprise. */
  readonly text: string;
}

function readManifest(root: string): Manifest {
  const manifest: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (typeof manifest !== "object" || manifest === null) throw new Error("package.json is no object");
  const published = { ...manifest, scripts: undefined, devDependencies: undefined };
  return {
    version: "version" in manifest ? String(manifest.version) : "0.0.0",
    files: "files" in manifest && Array.isArray(manifest.files) ? manifest.files.map(String) : [],
    text: `${JSON.stringify(published, null, 2)}\n`,
  };
}

/** Named by its content: another build never changes a file that some project's lockfile already trusts. */
function packCheckout(root: string, manifest: Manifest): string {
  const files = readPublishedFiles(root, manifest);
  const digest = createHash("sha256");
  for (const file of files) digest.update(`${file.path}\0${file.content.byteLength}\0`).update(file.content);
  const folder = join(root, ".truss-ts");
  const path = join(folder, `truss-ts-${manifest.version}-${digest.digest("hex").slice(0, 12)}.tgz`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, packFiles(files));
  renameSync(draft, path);
  return path;
}

/** What `npm pack` would take: the manifest, and what its `files` names. */
function readPublishedFiles(root: string, manifest: Manifest): ProjectFile[] {
  return [
    { path: "package.json", content: Buffer.from(manifest.text) },
    ...manifest.files.flatMap((name) => readTree(root, join(root, name))),
  ].toSorted((left, right) => (left.path < right.path ? -1 : 1));
}

function readTree(root: string, path: string): ProjectFile[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile())
    return [{ path: relative(root, path).split(sep).join("/"), content: readFileSync(path) }];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.name !== "node_modules")
    .flatMap((entry) => readTree(root, join(path, entry.name)));
}
