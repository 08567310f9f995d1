import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { OutsideUse } from "../bundle/artifact.ts";
import { TrussError } from "../errors.ts";
import type { WarningEvent } from "../events.ts";
import type { Project } from "../project/types.ts";
import { listSome } from "./list-some.ts";
import { checkPackages } from "./lockfile-checks.ts";
import { readNpmLock } from "./lockfile-npm.ts";
import { readPnpmLock } from "./lockfile-pnpm.ts";
import { refuseKeyed } from "./lockfile-source.ts";
import type { LockedSet } from "./lockfile-types.ts";
import { writeNpmFiles } from "./lockfile-write.ts";
import { readManifest } from "./packages/manifests.ts";
import { textFile } from "./staged-file.ts";
import type { Installation, StagedFile } from "./types.ts";

/** How the outside packages come to where the model runs. */
export interface PlannedInstallation {
  readonly installation: Installation;
  /** `model/package.json` and, where there is one, its lockfile. */
  readonly files: readonly StagedFile[];
  readonly warnings: readonly WarningEvent[];
}

export interface Planning {
  /** Nobody may be there to read a warning: what is not locked is refused. */
  readonly strict: boolean;
  /** Paths that were looked at by a person. */
  readonly allowed?: readonly string[];
}

/**
 * Plans the installation of the packages that are not in the bundle; undefined where all are.
 *
 * @throws TrussError LOCKFILE_MISSING, PACKAGE_UNSUITABLE, STAGE_SECRET
 */
export async function planInstallation(
  project: Project,
  outside: readonly OutsideUse[],
  { strict, allowed = [] }: Planning,
): Promise<PlannedInstallation | undefined> {
  if (outside.length === 0) return undefined;
  requireOneVersion(outside);
  const lockfile = findLockfile(project.root);
  const set = lockfile && (await readers[lockfile.name]?.(lockfile.file, project.root, outside));
  if (set === undefined) return pinInstalled(project, outside, lockfile?.name, strict);
  if (!allowed.includes(set.file)) refuseKeyed(set.file, set.packages.values());
  const { manifest, lock } = writeNpmFiles(set, { type: typeOf(project) });
  return {
    installation: { manager: "npm", command: "npm ci --omit=dev", packages: outside.map(plain), locked: true },
    files: [textFile("model/package.json", manifest), textFile("model/package-lock.json", lock), ...set.tarballs],
    warnings: checkPackages(lock, project.root, set.allowedScripts),
  };
}

function plain({ name, version, why }: OutsideUse) {
  return { name, version, why };
}

function typeOf({ root }: Project): string | undefined {
  const type = readManifest(root)?.["type"];
  return typeof type === "string" ? type : undefined;
}

/** The bundle knows a package by its name alone. */
function requireOneVersion(outside: readonly OutsideUse[]): void {
  const seen = new Map<string, string>();
  for (const { name, version } of outside) {
    const other = seen.get(name);
    seen.set(name, version);
    if (other === undefined || other === version) continue;
    throw new TrussError(
      "PACKAGE_UNSUITABLE",
      `${name} is used in two versions, ${other} and ${version}, and cannot be bundled.`,
      {
        hint: `See who asks for which with: npm ls ${name}`,
      },
    );
  }
}

type Reader = (file: string, root: string, outside: readonly OutsideUse[]) => LockedSet | Promise<LockedSet>;

const readers: Readonly<Record<string, Reader>> = {
  "npm-shrinkwrap.json": readNpmLock,
  "package-lock.json": readNpmLock,
  "pnpm-lock.yaml": readPnpmLock,
};
const lockNames = [...Object.keys(readers), "yarn.lock", "bun.lock", "bun.lockb"];

/** In the project's folder or, of a workspace, above it. */
function findLockfile(root: string): { readonly file: string; readonly name: string } | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    const name = lockNames.find((candidate) => existsSync(join(folder, candidate)));
    if (name !== undefined) return { file: join(folder, name), name };
    if (folder === dirname(folder)) return undefined;
  }
}

/** The best there is without npm's lockfile: the versions that are installed, and whatever these ask for. */
function pinInstalled(
  project: Project,
  outside: readonly OutsideUse[],
  other: string | undefined,
  strict: boolean,
): PlannedInstallation {
  const names = listSome(outside.map(({ name }) => name));
  const hint = "make a package-lock.json with: npm install --package-lock-only";
  if (other === undefined && strict) {
    throw new TrussError(
      "LOCKFILE_MISSING",
      `${names}: to be installed where the model runs, and there is no lockfile.`,
      {
        hint: `Without one, nobody knows what will be installed. ${hint[0]?.toUpperCase()}${hint.slice(1)}`,
      },
    );
  }
  const type = typeOf(project);
  const manifest = {
    name: "model-packages",
    private: true,
    ...(type === undefined ? {} : { type }),
    dependencies: Object.fromEntries(outside.map(({ name, version }) => [name, version])),
  };
  const why = other === undefined ? "there is no lockfile" : `${other} cannot be read here`;
  return {
    installation: {
      manager: "npm",
      command: "npm install --omit=dev --no-audit --no-fund",
      packages: outside.map(plain),
      locked: false,
    },
    files: [textFile("model/package.json", `${JSON.stringify(manifest, null, 2)}\n`)],
    warnings: [
      {
        event: "warning",
        message: `${names}: installed at the versions that are here, but what they need may be newer, as ${why}.`,
        hint,
      },
    ],
  };
}
