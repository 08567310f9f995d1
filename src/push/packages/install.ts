import { existsSync } from "node:fs";
import { appendFile, copyFile, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { TrussError } from "../../errors.ts";
import type { Reporter } from "../../events.ts";
import { exec } from "../../lib/exec.ts";
import type { Installation, Stage, StagedFile } from "../types.ts";
import { stagedText, writeStagedAt } from "../write-staged.ts";
import { installCommand } from "./install-command.ts";
import { installEnvironment, nearest } from "./npm-settings.ts";
import { type LockedPackage, readNpmLock, resolveLocked } from "./npm-lock.ts";
import { type PackageTarget, isFor } from "./target.ts";

export interface InstallRequest {
  readonly stage: Stage;
  readonly installation: Installation;
  readonly target: PackageTarget;
  readonly report: Reporter;
  readonly signal: AbortSignal;
}

/** What package managers read of a folder. */
const manifestNames: ReadonlySet<string> = new Set([
  "package.json",
  "package-lock.json",
  "npm-shrinkwrap.json",
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  "yarn.lock",
  "bun.lock",
  "bun.lockb",
]);

/** The staged files that decide what is installed. */
export function manifestFiles(stage: Stage): readonly StagedFile[] {
  return stage.files.filter(({ path }) => dirname(path) === "model" && manifestNames.has(basename(path)));
}

/**
 * Installs the staged lockfile's packages into a folder, for another machine and with this user's own settings of the
 * package manager. No script of any package runs.
 *
 * @throws TrussError PACKAGE_INSTALL_FAILED
 */
export async function installInto(folder: string, request: InstallRequest): Promise<void> {
  const { stage, installation, target, report, signal } = request;
  for (const file of manifestFiles(stage)) await writeStagedAt(file, join(folder, basename(file.path)));
  const lent = await lendSettings(folder, stage.project.root, installation.manager);
  try {
    const { program, args, env, files } = installCommand(installation.manager, target);
    for (const [name, text] of Object.entries(files)) await appendFile(join(folder, name), text);
    const command = [program, ...args].join(" ");
    report({ event: "step", message: `Installing ${countPackages(installation)} with ${program}` });
    const environment = { ...installEnvironment(process.env), ...env };
    const result = await exec({ program, args, cwd: folder, env: environment, signal });
    if (result.how === "aborted") signal.throwIfAborted();
    if (result.how === "missing") throw missing(program);
    if (result.how === "failed") throw failed(command, result.output);
    await requireComplete(folder, request);
  } finally {
    await Promise.all(lent.map((file) => rm(file, { force: true })));
  }
}

/** npm says nothing of an optional package that it could not fetch; sharp's and esbuild's builds are such ones. */
async function requireComplete(folder: string, { stage, target }: InstallRequest): Promise<void> {
  const lock = stage.files.find(({ path }) => path === "model/package-lock.json");
  if (lock === undefined) return;
  const locked = readNpmLock(await stagedText(lock));
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

/** Registries, proxies, authorities and tokens: lent for as long as the install runs, and never part of an image. */
async function lendSettings(folder: string, root: string, manager: Installation["manager"]): Promise<string[]> {
  const names = { npm: [".npmrc"], pnpm: [".npmrc"], yarn: [".npmrc", ".yarnrc"], bun: [".npmrc", "bunfig.toml"] };
  const found = names[manager].map((name) => nearest(root, name)).filter((file) => file !== undefined);
  const lent = found.map((file) => join(folder, basename(file)));
  for (const file of found) await lend(file, join(folder, basename(file)));
  return lent;
}

/** A link, so that nothing of it is left should we be killed; where links are not allowed, a copy. */
async function lend(file: string, place: string): Promise<void> {
  await symlink(file, place).catch(() => copyFile(file, place));
}

function countPackages({ packages }: Installation): string {
  const names = packages.map(({ name }) => name);
  return names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
}

function missing(program: string): TrussError {
  return new TrussError("PACKAGE_INSTALL_FAILED", `${program} was not found.`, {
    hint: `install ${program}, or let a container do it with --builder`,
  });
}

function failed(command: string, output: string): TrussError {
  return new TrussError("PACKAGE_INSTALL_FAILED", `${command} failed:\n${essence(output)}`, {
    hint: "it ran with your own settings of the package manager; the lockfile must fit package.json",
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
