import { TrussError } from "../errors.ts";
import type { PackageManager } from "./package-manager.ts";
import { renderProject } from "./render.ts";
import type { ProjectFile } from "./render.ts";
import { findOverwrites, inspectTarget } from "./target.ts";
import { readTemplateFiles } from "./templates.ts";
import type { Template } from "./templates.ts";
import { resolveTrussVersion } from "./truss-version.ts";

export interface ProjectOptions {
  /** Absolute path of the project's folder. */
  readonly dir: string;
  readonly name: string;
  readonly template: Template;
  readonly packageManager: PackageManager;
  readonly force: boolean;
}

/** All that will be written, before anything is. */
export interface ProjectPlan {
  readonly dir: string;
  readonly files: readonly ProjectFile[];
  /** Files there already that would change; only with `force`. */
  readonly overwrites: readonly string[];
}

/**
 * Renders the template and looks at the folder; writes nothing.
 *
 * @throws TrussError DIRECTORY_NOT_EMPTY, WRITE_FAILED
 */
export async function planProject(options: ProjectOptions): Promise<ProjectPlan> {
  const { dir, name, template, packageManager, force } = options;
  await checkTarget(dir, force);
  const trussVersion = resolveTrussVersion();
  const files = renderProject(readTemplateFiles(template), { name, packageManager, trussVersion });
  return { dir, files, overwrites: await findOverwrites(dir, files) };
}

/** @throws TrussError DIRECTORY_NOT_EMPTY, WRITE_FAILED */
export async function checkTarget(dir: string, force: boolean): Promise<void> {
  const target = await inspectTarget(dir);
  if (target.state !== "occupied" || force) return;
  const shown = target.entries.slice(0, 5).join(", ");
  const more = target.entries.length > 5 ? `, and ${target.entries.length - 5} more` : "";
  throw new TrussError("DIRECTORY_NOT_EMPTY", `${dir} is not empty: it holds ${shown}${more}. Nothing was changed.`, {
    hint: "Choose another folder, or add --force to write into this one.",
  });
}
