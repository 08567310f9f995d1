import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { installCommand, installInvocation } from "./package-manager.ts";
import type { PackageManager } from "./package-manager.ts";
import { runProgram } from "./run-program.ts";

export type InstallResult =
  | { readonly ok: true }
  /** `why` is a sentence; `output` what the package manager said of it. */
  | { readonly ok: false; readonly why: string; readonly output: string };

export interface InstallOptions {
  readonly dir: string;
  readonly packageManager: PackageManager;
  readonly signal: AbortSignal;
  readonly onLine?: (line: string) => void;
}

/** What an interrupted install leaves half-made. */
const leftovers = [
  "node_modules",
  "package-lock.json",
  "pnpm-lock.yaml",
  "yarn.lock",
  "bun.lock",
  "bun.lockb",
  ".yarn",
  ".pnp.cjs",
];

/**
 * Installs the project's packages. A failure leaves the project as it is; an abort removes what the install began.
 *
 * @throws the signal's reason when aborted
 */
export async function installPackages(options: InstallOptions): Promise<InstallResult> {
  const { dir, packageManager, signal } = options;
  const before = new Set(leftovers.filter((name) => existsSync(join(dir, name))));
  const { program, args, env } = installInvocation(packageManager);
  const result = await runProgram({
    program,
    args,
    cwd: dir,
    env: { ...process.env, ...env },
    signal,
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
  });
  switch (result.how) {
    case "done":
      return { ok: true };
    case "missing":
      return { ok: false, why: `${program} was not found.`, output: "" };
    case "failed":
      return { ok: false, why: `${installCommand(packageManager)} failed.`, output: essence(result.output) };
    case "aborted":
      await removeLeftovers(dir, before);
      signal.throwIfAborted();
      throw new Error("the install ended as aborted without an abort");
  }
}

async function removeLeftovers(dir: string, before: ReadonlySet<string>): Promise<void> {
  const begun = leftovers.filter((name) => !before.has(name));
  await Promise.all(begun.map((name) => rm(join(dir, name), { recursive: true, force: true, maxRetries: 5 })));
}

const shownLines = 15;
const npmError = /^npm (?:error|ERR!)/;
const stackLine = /^(?:npm (?:error|ERR!))?\s+at\s/;

/** The lines that say what failed: npm marks them, and the first ones matter most; of others it is the end. */
function essence(output: string): string {
  const lines = output.split(/\r?\n/).filter((line) => !stackLine.test(line));
  const marked = lines.filter((line) => npmError.test(line) && line.replace(npmError, "").trim() !== "");
  if (marked.length === 0) return lines.slice(-shownLines).join("\n");
  // The last one names the log.
  return (marked.length > shownLines ? [...marked.slice(0, shownLines - 1), ...marked.slice(-1)] : marked).join("\n");
}
