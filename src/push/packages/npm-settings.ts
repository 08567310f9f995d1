import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { homeFolder } from "../../lib/home-folder.ts";
import { ancestors } from "./manifests.ts";

/** The `.npmrc` of a project: its own, else that of the workspace around it, as far as the repository reaches. */
export function projectNpmrc(root: string): string | undefined {
  for (const folder of ancestors(resolve(root))) {
    if (existsSync(join(folder, ".npmrc"))) return join(folder, ".npmrc");
    if (existsSync(join(folder, ".git"))) return undefined;
  }
  return undefined;
}

export function userNpmrc(env: NodeJS.ProcessEnv): string {
  return env["npm_config_userconfig"] ?? env["NPM_CONFIG_USERCONFIG"] ?? join(homeFolder(env) ?? "/", ".npmrc");
}

/** Settings that a package manager hands to its scripts, ours among them, and that would change what is installed. */
const misleading =
  /^npm_config_(?:workspaces?|include|include_workspace_root|omit|dry_run|global|location|prefix|local_prefix|json|production|only|dev)$/i;

/** Our environment for a package manager that installs somewhere else. */
export function installEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !misleading.test(name) && name !== "NODE_ENV"));
}
