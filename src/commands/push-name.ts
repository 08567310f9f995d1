import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { TrussError, exitCodes } from "../errors.ts";
import { configName } from "../project/find.ts";
import { nameFault, setModelName } from "../project/model-name.ts";
import type { Project } from "../project/types.ts";

export interface Naming {
  /** Somebody can be asked, and config.yaml may be written. */
  readonly interactive: boolean;
  readonly signal: AbortSignal;
}

/**
 * The project with a name, which a person gives where config.yaml has none; it is written there.
 *
 * @throws TrussError USAGE where nobody can be asked; CANCELLED
 */
export async function requireName(project: Project, { interactive, signal }: Naming): Promise<Project> {
  if (project.config.modelName !== null) return project;
  const fallback = basename(project.root);
  if (!interactive) {
    throw new TrussError("USAGE", `${configName} has no model_name, and this target needs one.`, {
      hint: `add a line to ${configName}: model_name: ${fallback}`,
      exitCode: exitCodes.usage,
    });
  }
  const { askModelName } = await import("../ui/push-prompts.ts");
  const modelName = await askModelName(nameFault(fallback) === undefined ? fallback : "my-model", signal);
  const text = await setModelName(readFileSync(project.configFile, "utf8"), modelName);
  writeConfig(project.configFile, text);
  return {
    ...project,
    config: { ...project.config, modelName, raw: { ...project.config.raw, model_name: modelName } },
  };
}

function writeConfig(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw new TrussError("WRITE_FAILED", `The name cannot be written to ${configName}.`, { file: configName, cause });
  }
}
