import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { ancestors } from "./manifests.ts";

/** The `.npmrc` that npm reads in a project: its own, else that of the workspace around it. */
export function projectNpmrc(root: string): string | undefined {
  return nearest(root, ".npmrc");
}

export function userNpmrc(env: NodeJS.ProcessEnv): string {
  return env["npm_config_userconfig"] ?? env["NPM_CONFIG_USERCONFIG"] ?? join(homedir(), ".npmrc");
}

/** The first file of this name from a folder upwards, as far as the repository reaches. */
export function nearest(root: string, name: string): string | undefined {
  for (const folder of ancestors(resolve(root))) {
    if (existsSync(join(folder, name))) return join(folder, name);
    if (existsSync(join(folder, ".git"))) return undefined;
  }
  return undefined;
}

/** Settings that a package manager hands to its scripts, ours among them, and that would change what is installed. */
const misleading =
  /^npm_config_(?:workspaces?|include|include_workspace_root|omit|dry_run|global|location|prefix|local_prefix|json|production|only|dev)$/i;

/** Our environment for a package manager that installs somewhere else. */
export function installEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !misleading.test(name) && name !== "NODE_ENV"));
}
