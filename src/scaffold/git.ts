import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "./run-program.ts";
import type { ProgramResult } from "./run-program.ts";

export type GitResult =
  | { readonly made: true }
  /** `why` is a sentence worth a warning; absent where there was nothing to do. */
  | { readonly made: false; readonly why?: string };

/**
 * Makes a repository with one commit, where git is there and the folder is in no repository yet. A repository that
 * could not get its commit is removed again.
 *
 * @throws the signal's reason when aborted
 */
export async function createRepository(dir: string, signal: AbortSignal): Promise<GitResult> {
  const git = (...args: string[]) => runProgram({ program: "git", args, cwd: dir, env: cleanEnvironment(), signal });
  const inside = await git("rev-parse", "--is-inside-work-tree");
  signal.throwIfAborted();
  if (inside.how === "missing") return { made: false };
  if (inside.how === "done" || existsSync(join(dir, ".git"))) return { made: false };
  const result = await firstCommit(git);
  if (result.how === "done") return { made: true };
  await rm(join(dir, ".git"), { recursive: true, force: true });
  signal.throwIfAborted();
  const said = result.how === "failed" ? (result.output.split("\n").find((line) => line.trim() !== "") ?? "") : "";
  return { made: false, why: `git could not make the first commit${said === "" ? "" : `: ${said.trim()}`}` };
}

async function firstCommit(git: (...args: string[]) => Promise<ProgramResult>): Promise<ProgramResult> {
  const initialised = await git("init", "--quiet");
  if (initialised.how !== "done") return initialised;
  const added = await git("add", "--all");
  if (added.how !== "done") return added;
  // Signing may ask for a passphrase, and hooks of a template repository are about other projects.
  return git("-c", "commit.gpgsign=false", "commit", "--quiet", "--no-verify", "--message", "Initial commit");
}

/** Inside a git hook these would point at another repository. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign = new Set(["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"]);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.has(name)));
}
