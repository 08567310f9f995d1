import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { TrussError, exitCodes } from "../errors.ts";
import { projectPath } from "../lib/paths.ts";
import type { Project } from "../project/types.ts";

/**
 * The absolute path of a folder for what is made. Inside `model/` or `data/` it would be part of the next push.
 *
 * @throws TrussError USAGE
 */
export function resolveOut(project: Project, out: string): string {
  const folder = realOf(resolve(out));
  for (const name of [project.config.modelModuleDir, project.config.dataDir]) {
    const pushed = realOf(join(project.root, name));
    if (folder !== pushed && !folder.startsWith(pushed + sep)) continue;
    const where = projectPath(project.root, pushed);
    throw new TrussError(
      "USAGE",
      `${out} lies in ${where}, which is pushed: what is made there would be in the next push.`,
      {
        hint: "name another folder with --out",
        exitCode: exitCodes.usage,
      },
    );
  }
  return folder;
}

/** As far as it is there already. */
function realOf(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(realOf(parent), basename(path));
}
