import { existsSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Fault, isTrussError } from "../errors.ts";
import { projectPath } from "../lib/paths.ts";
import { type ConfigResult, readConfig } from "./config.ts";
import { configName, findProjectRoot } from "./find.ts";
import type { Project, ProjectResult, ResolvedConfig } from "./types.ts";

export interface LoadOptions {
  /** Name of the environment to act as; without it the platform's file decides at run time. */
  readonly environment?: string;
  /** A file to read in place of `config.yaml`, relative to the working directory. */
  readonly configFile?: string;
}

/** What there is of a project, and all that is wrong with it. */
export interface ProjectSurvey {
  /** There as soon as the config can be read and the class file is found: the class can then be looked at as well. */
  readonly project?: Project;
  readonly faults: readonly Fault[];
}

/** Reads the project at `dir` (or in a folder above it): all faults at once, with their places. Never throws for them. */
export async function loadProject(dir: string, options: LoadOptions = {}): Promise<ProjectResult> {
  const { project, faults } = await surveyProject(dir, options);
  return project === undefined || faults.length > 0 ? { ok: false, faults } : { ok: true, project };
}

/** Like {@link loadProject}, but gives a project even where the config has faults. */
export async function surveyProject(dir: string, options: LoadOptions = {}): Promise<ProjectSurvey> {
  const root = findRoot(dir, options);
  if (typeof root !== "string") return { faults: [root] };
  const configFile = options.configFile === undefined ? join(root, configName) : resolve(options.configFile);
  const { project, faults } = await surveyFolder(root, configFile, options);
  // Whoever parses knows but one name for the file.
  const name = projectPath(root, configFile);
  const named = faults.map((fault) => (fault.file === configName ? { ...fault, file: name } : fault));
  return project === undefined ? { faults: named } : { project, faults: named };
}

async function surveyFolder(root: string, configFile: string, options: LoadOptions): Promise<ProjectSurvey> {
  const found = await readConfig(root, configFile);
  if (found.config === undefined) return { faults: found.faults };
  const modelFile = findModelFile(root, found.config, found);
  if (typeof modelFile !== "string") return { faults: [...found.faults, modelFile] };
  const project = createProject({ root, configFile, config: found.config, modelFile }, options);
  return { project, faults: found.faults };
}

function findRoot(dir: string, { configFile }: LoadOptions): string | Fault {
  try {
    return findProjectRoot(dir);
  } catch (error) {
    // With a config from elsewhere the folder needs none of its own.
    if (configFile !== undefined && existsSync(dir)) return realpathSync(dir);
    if (!isTrussError(error)) throw error;
    return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
}

function createProject(
  found: Pick<Project, "root" | "configFile" | "config" | "modelFile">,
  { environment }: LoadOptions,
): Project {
  return {
    ...found,
    dataDir: join(found.root, found.config.dataDir),
    environment: environment === undefined ? null : { name: environment },
  };
}

const sourceEndings = ["ts", "mts", "js", "mjs"] as const;

/** The class file: the one that config.yaml names, or its TypeScript twin where it names Truss's `model.py`. */
function findModelFile(root: string, config: ResolvedConfig, found: ConfigResult): string | Fault {
  const folder = join(root, config.modelModuleDir);
  const wanted = found.modelFilename ?? "model.py";
  const candidates = /\.[cm]?[jt]sx?$/.test(wanted) ? [wanted] : listTwins(wanted);
  const name = candidates.find((candidate) => existsSync(join(folder, candidate)));
  if (name !== undefined) return join(folder, name);
  const missing = projectPath(root, join(folder, candidates[0] ?? "model.ts"));
  const message = `There is no ${missing}.`;
  const key = found.modelFilename === undefined ? "model_module_dir" : "model_class_filename";
  const isNamed = found.source !== undefined && key in found.source.values;
  const hint = existsSync(join(folder, wanted))
    ? `${projectPath(root, join(folder, wanted))} is Python, which truss-ts does not run. Write ${missing} with a class Model.`
    : `Write it with an exported class Model${isNamed ? `, or correct ${key} in ${configName}` : ""}.`;
  const place = isNamed ? found.source?.faultAt([key], message, hint) : undefined;
  return { file: missing, ...place, code: "MODEL_FILE_NOT_FOUND", message, hint };
}

function listTwins(name: string): string[] {
  const stem = name.replace(/\.py$/, "");
  return sourceEndings.map((ending) => `${stem}.${ending}`);
}
