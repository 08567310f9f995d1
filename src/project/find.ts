import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { TrussError } from "../errors.ts";

export const configName = "config.yaml";

/**
 * The absolute, real path of the nearest folder with a `config.yaml`, looking at `dir` and upwards.
 *
 * @throws TrussError PROJECT_NOT_FOUND
 */
export function findProjectRoot(dir: string): string {
  const given = resolve(dir);
  requireFolder(given, dir);
  // Stacks and source maps name real paths; a project reached through a link must be known by the same name.
  const start = realpathSync(given);
  for (let folder = start; ; folder = dirname(folder)) {
    if (statSync(join(folder, configName), { throwIfNoEntry: false })?.isFile() === true) return folder;
    if (folder === start) refuseYmlName(folder);
    if (folder === dirname(folder)) break;
  }
  throw new TrussError("PROJECT_NOT_FOUND", `There is no ${configName} in ${start} or in any folder above it.`, {
    hint: "Go to the folder of your model, or make a new one with: truss-ts init",
  });
}

function requireFolder(start: string, asGiven: string): void {
  const found = statSync(start, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  const message =
    found === undefined ? `There is no folder ${asGiven}.` : `${asGiven} is a file; give the folder of your project.`;
  throw new TrussError("PROJECT_NOT_FOUND", message, { hint: "Make a new project with: truss-ts init" });
}

function refuseYmlName(folder: string): void {
  if (!existsSync(join(folder, "config.yml"))) return;
  throw new TrussError("PROJECT_NOT_FOUND", `${folder} has a config.yml, but the file must be called ${configName}.`, {
    hint: `Rename it: mv config.yml ${configName}`,
  });
}
