import { existsSync } from "node:fs";
import { copyFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { TrussError } from "../../errors.ts";
import type { Reporter } from "../../events.ts";
import { exec } from "../../lib/exec.ts";
import type { Installation, Stage, StagedFile } from "../types.ts";
import { writeStagedAt } from "../write-staged.ts";
import { installEnvironment, projectNpmrc } from "./npm-settings.ts";
import { type LockedPackage, resolveLocked } from "./npm-lock.ts";
import { type PackageTarget, isFor } from "./target.ts";

export interface InstallRequest {
  readonly stage: Stage;
  readonly installation: Installation;
  /** What the staged lockfile says. */
  readonly locked: ReadonlyMap<string, LockedPackage>;
  readonly target: PackageTarget;
  readonly report: Reporter;
  readonly signal: AbortSignal;
}

const manifests: ReadonlySet<string> = new Set(["model/package.json", "model/package-lock.json"]);

/** The staged files that decide what is installed: `_packages` holds packed packages of the project's own. */
export function manifestFiles(stage: Stage): readonly StagedFile[] {
  return stage.files.filter(({ path }) => manifests.has(path) || path.startsWith("model/_packages/"));
}

/**
 * Installs the staged lockfile's packages into a folder, for another machine and with this user's own settings of the
 * package manager. No script of any package runs.
 *
 * @throws TrussError PACKAGE_INSTALL_FAILED
 */
export async function installInto(folder: string, request: InstallRequest): Promise<void> {
  const { stage, installation, target, report, signal } = request;
  for (const file of manifestFiles(stage)) await writeStagedAt(file, join(folder, file.path.slice("model/".length)));
  const npmrc = projectNpmrc(stage.project.root);
  const lent = join(folder, ".npmrc");
  try {
    if (npmrc !== undefined) await lend(npmrc, lent);
    report({ event: "step", message: `Installing ${countPackages(installation)} with npm` });
    const args = npmArguments(target);
    const result = await exec({ program: "npm", args, cwd: folder, env: installEnvironment(process.env), signal });
    if (result.how === "aborted") signal.throwIfAborted();
    if (result.how === "missing") throw missing();
    if (result.how === "failed") throw failed(args, result.output);
    requireComplete(folder, request);
  } finally {
    await rm(lent, { force: true });
  }
}

/** Exactly what the lockfile says, flat, for another machine, and no script of any package. */
function npmArguments({ os, cpu, libc }: PackageTarget): readonly string[] {
  const frozen = ["ci", "--omit=dev", "--include=optional", "--ignore-scripts", "--install-strategy=hoisted"];
  return [...frozen, `--os=${os}`, `--cpu=${cpu}`, `--libc=${libc}`, "--no-audit", "--no-fund"];
}

/** npm says nothing of an optional package that it could not fetch; sharp's and esbuild's builds are such ones. */
function requireComplete(folder: string, { locked, target }: InstallRequest): void {
  const isThere = ({ path }: LockedPackage) => existsSync(join(folder, path));
  const absent = [...locked.values()]
    .filter(isThere)
    .flatMap(({ path, optionalDependencies }) => optionalDependencies.map((name) => resolveLocked(locked, path, name)))
    .find((entry) => entry !== undefined && isFor(target, entry) && !isThere(entry));
  if (absent === undefined) return;
  throw new TrussError(
    "PACKAGE_INSTALL_FAILED",
    `npm left out ${absent.name}@${absent.version}, and did not say why.`,
    {
      hint: "it is optional, so that npm goes on when it cannot be downloaded: try again, and look whether the registry has it",
    },
  );
}

/**
 * Registries, proxies, authorities and tokens are there for as long as the install runs. A link, so that nothing of it
 * is left should we be killed; where links are not allowed, a copy.
 */
async function lend(file: string, place: string): Promise<void> {
  await symlink(file, place).catch(() => copyFile(file, place));
}

function countPackages({ packages }: Installation): string {
  const names = packages.map(({ name }) => name);
  return names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
}

function missing(): TrussError {
  return new TrussError("PACKAGE_INSTALL_FAILED", "npm was not found.", {
    hint: "install npm, or let a container do it with --builder",
  });
}

function failed(args: readonly string[], output: string): TrussError {
  return new TrussError("PACKAGE_INSTALL_FAILED", `npm ${args.join(" ")} failed:\n${essence(output)}`, {
    hint: "it ran with your own settings of npm; look whether its registry can be reached",
  });
}

const shownLines = 15;
const npmError = /^npm (?:error|ERR!)/;

/** The lines that say what failed: npm marks them; of others it is the end. */
function essence(output: string): string {
  const lines = output.split(/\r?\n/).filter((line) => line.trim() !== "");
  const marked = lines.filter((line) => npmError.test(line) && line.replace(npmError, "").trim() !== "");
  return (marked.length === 0 ? lines.slice(-shownLines) : marked.slice(0, shownLines)).join("\n");
}
