import { resolve } from "node:path";
import { createBundler } from "../bundle/bundler.ts";
import { inspectModel } from "../bundle/inspect.ts";
import { locateFault } from "../bundle/locate.ts";
import { type Fault, isTrussError } from "../errors.ts";
import type { EndpointReport } from "../events.ts";
import { readEnvFiles } from "../project/env-files.ts";
import { surveyProject } from "../project/load.ts";
import type { Project } from "../project/types.ts";

/** What a project would serve, and all that is wrong with it. */
export interface Findings {
  readonly name: string | null;
  readonly root: string;
  /** There as soon as its config can be read and its class is found. */
  readonly project?: Project;
  readonly endpoints: readonly EndpointReport[];
  readonly schemas: readonly string[];
  readonly faults: readonly Fault[];
}

export interface Inspecting {
  readonly environment?: string;
  /** A file to read in place of `config.yaml`. */
  readonly configFile?: string;
  /** Takes what the model prints. */
  readonly onOutput: (text: string) => void;
}

/** Reads, builds, imports and constructs: all faults at once, those of the config and those of the class. */
export async function inspectProject(dir: string, { onOutput, ...options }: Inspecting): Promise<Findings> {
  const { project, faults } = await surveyProject(dir, options);
  if (project === undefined) return { name: null, root: resolve(dir), endpoints: [], schemas: [], faults };
  const found = await inspectClass(project, onOutput);
  const { root, config } = project;
  return { ...found, project, root, name: config.modelName, faults: [...faults, ...found.faults] };
}

/** Whatever cannot be done is one more fault: the answer is always the list. */
async function inspectClass(project: Project, onOutput: (text: string) => void) {
  try {
    return await buildAndInspect(project, onOutput);
  } catch (error) {
    if (!isTrussError(error)) throw error;
    const { code, message, hint, file } = error;
    const fault: Fault = {
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(file === undefined ? {} : { file }),
    };
    return { endpoints: [], schemas: [], faults: [fault] };
  }
}

async function buildAndInspect(project: Project, onOutput: (text: string) => void) {
  const bundler = await createBundler(project);
  try {
    const built = await bundler.build();
    if (!built.ok) {
      return {
        endpoints: [],
        schemas: [],
        faults: built.errors.map((error): Fault => ({ code: "BUILD_FAILED", ...error })),
      };
    }
    const env = { ...project.config.environmentVariables, ...readEnvFiles(project.root) };
    const found = await inspectModel(project, { file: built.file, env, onOutput });
    return { ...found, faults: found.faults.map((fault) => locateFault(fault, project.root, built.inputs)) };
  } finally {
    await bundler.close();
  }
}
