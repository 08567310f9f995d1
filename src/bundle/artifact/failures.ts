import type { BuildFailure, Message } from "esbuild";
import { resolve } from "node:path";
import type { Project } from "../../project/types.ts";
import { readBuildErrors } from "../errors.ts";
import type { BuildError } from "../types.ts";
import type { Attempt } from "./build.ts";
import { findPackage } from "./layout.ts";
import type { ArtifactResult, OutsideUse } from "./types.ts";

/** Packages that esbuild cannot take: Node may well run them, from their own folders. */
export function findPackageFailures(project: Project, attempts: readonly Attempt[]): Map<string, string> {
  const messages = attempts.flatMap(({ outcome }) => (outcome instanceof Error ? outcome.errors : []));
  return new Map(
    messages.flatMap((message) => {
      const folder = folderOf(project, message);
      return folder === undefined ? [] : [[folder, "cannot be bundled"] as const];
    }),
  );
}

function folderOf({ root }: Project, { location }: Message): string | undefined {
  if (location === null || !["", "file"].includes(location.namespace)) return undefined;
  return findPackage(resolve(root, location.file))?.folder;
}

/** Beside the bundle there is room for one package of a name; linked packages may each have brought their own. */
export function findConflicts(outside: readonly OutsideUse[]): BuildError[] {
  return outside.flatMap(({ name, version, folder }, index) => {
    const twin = outside.slice(0, index).find((other) => other.name === name && other.folder !== folder);
    if (twin === undefined) return [];
    const versions = version === twin.version ? `twice, both ${version}` : `as ${twin.version} and as ${version}`;
    return [{ message: `Package "${name}", which cannot be bundled, is imported ${versions}. Make it one.` }];
  });
}

/** What is wrong, each told once; `undefined` where all is well. */
export function describeFailure({ root }: Project, attempts: readonly Attempt[]): ArtifactResult | undefined {
  const failures = attempts
    .map(({ outcome }) => outcome)
    .filter((outcome): outcome is BuildFailure => outcome instanceof Error);
  if (failures.length === 0) return undefined;
  const errors = new Map<string, BuildError>();
  for (const error of failures.flatMap((failure) => readBuildErrors(root, failure.errors).errors)) {
    errors.set(JSON.stringify(error), error);
  }
  const inputs = new Set(attempts.flatMap(({ log }) => [...log.inputs]));
  return { ok: false, errors: [...errors.values()], inputs: [...inputs].sort() };
}
