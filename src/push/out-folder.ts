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
  const pushed = findPushed(project, out);
  if (pushed !== undefined) {
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
  return realOf(resolve(out));
}

/** Whether a folder is `model/` or `data/`, or lies in one of them. */
export function isPushed(project: Project, folder: string): boolean {
  return findPushed(project, folder) !== undefined;
}

function findPushed({ root, config }: Project, out: string): string | undefined {
  const folder = realOf(resolve(out));
  const pushed = [config.modelModuleDir, config.dataDir].map((name) => realOf(join(root, name)));
  return pushed.find((one) => folder === one || folder.startsWith(one + sep));
}

/** As far as it is there already. */
function realOf(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(realOf(parent), basename(path));
}
