import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Bundler, type BuildResult, createBundler } from "../bundle/bundler.ts";
import { type Fault, isTrussError } from "../errors.ts";
import { projectPath } from "../lib/paths.ts";
import { readEnvFiles } from "../project/env-files.ts";
import { configName } from "../project/find.ts";
import { loadProject } from "../project/load.ts";
import type { Project } from "../project/types.ts";
import type { ModelStart, RemoteError } from "../runtime/channel.ts";
import type { DevOptions } from "./options.ts";

/** All that one generation is made of. Held while a process may still be started from it. */
export interface Plan {
  readonly start: ModelStart;
  /** What is in the bundle. */
  readonly code: string;
  readonly env: Readonly<Record<string, string>>;
  /** File URLs of what the bundle imports of packages. */
  readonly packages: readonly string[];
  readonly workshop: Workshop;
}

export type Opened =
  | { readonly ok: true; readonly workshop: Workshop }
  | { readonly ok: false; readonly error: RemoteError };
export type Built =
  | { readonly ok: true; readonly plan: Plan; readonly sources: Sources }
  | { readonly ok: false; readonly error: RemoteError; readonly sources: Sources };

/** What a build has read, and what else would make it another one; absolute paths. */
export type Sources = Pick<BuildResult, "inputs" | "packageFiles">;

export const noSources: Sources = { inputs: [], packageFiles: [] };

type WorkshopOptions = Pick<DevOptions, "environment" | "reload">;

/** One reading of the project with the bundler made for it; its bundles stay as long as somebody holds it. */
export class Workshop {
  readonly project: Project;
  readonly #env: Readonly<Record<string, string>>;
  readonly #bundler: Bundler;
  #holders = 1;

  /** Reads the project: `config.yaml`, the environment's files, the model's place. */
  static async open(root: string, { environment, reload }: WorkshopOptions): Promise<Opened> {
    try {
      const missing = findMissingConfig(root);
      const result = await loadProject(root, { environment });
      if (missing !== undefined) return { ok: false, error: missing };
      if (!result.ok) return { ok: false, error: summarise(result.faults) };
      const env = modelEnv(readEnvFiles(root), result.project.config.environmentVariables);
      return {
        ok: true,
        workshop: new Workshop(
          result.project,
          env,
          await createBundler(result.project, { patchable: reload === "hot" }),
        ),
      };
    } catch (error) {
      return { ok: false, error: toRemoteError(error) };
    }
  }

  private constructor(project: Project, env: Readonly<Record<string, string>>, bundler: Bundler) {
    this.project = project;
    this.#env = env;
    this.#bundler = bundler;
  }

  get modelFolder(): string {
    return dirname(this.project.modelFile);
  }

  /** Bundles what is on disk now. */
  async build(): Promise<Built> {
    try {
      const result = await this.#bundler.build();
      if (!result.ok) return { ok: false, error: firstBuildError(result), sources: result };
      return { ok: true, plan: this.#plan(result), sources: result };
    } catch (error) {
      return { ok: false, error: toRemoteError(error), sources: noSources };
    }
  }

  /** Keeps a bundle, and all that it takes to start it, until the answer is called. */
  hold(bundle: string): () => Promise<void> {
    this.#holders += 1;
    const letGo = this.#bundler.hold(bundle);
    return () => {
      letGo();
      return this.release();
    };
  }

  async release(): Promise<void> {
    this.#holders -= 1;
    if (this.#holders === 0) await this.#bundler.close();
  }

  #plan(result: Extract<BuildResult, { ok: true }>): Plan {
    const { project } = this;
    const start: ModelStart = {
      bundle: result.file,
      root: project.root,
      modelFile: projectPath(project.root, project.modelFile),
      className: project.config.modelClassName,
      // The parsed file shows no default values of secrets; the model process needs them.
      config: { ...project.config.raw, secrets: project.config.secrets },
      dataDir: project.dataDir,
      environment: project.environment,
    };
    return { start, code: result.code, env: this.#env, packages: result.preloads, workshop: this };
  }
}

/** The environment as far as it is known before config.yaml is read. */
export function guessEnv(root: string): Record<string, string> {
  try {
    return modelEnv(readEnvFiles(root));
  } catch {
    // Reading the project meets the same fault, and tells of it.
    return modelEnv({});
  }
}

/** What a model process finds in `process.env`: the real environment wins over the files, the files over config.yaml. */
function modelEnv(
  files: Readonly<Record<string, string>>,
  config: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const env: Record<string, string> = { ...config, ...files };
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  return env;
}

/** The project is looked for upwards, so without this a config.yaml above would take the place of a deleted one. */
function findMissingConfig(root: string): RemoteError | undefined {
  if (existsSync(join(root, configName))) return undefined;
  const hint = `Put ${configName} back.`;
  return { code: "CONFIG_UNREADABLE", message: `${configName} is gone.`, file: configName, hint };
}

/** A reload fails with one message: the first fault's, which says when there are more. */
function summarise(faults: readonly Fault[]): RemoteError {
  const [first] = faults;
  if (first === undefined) return { code: "INTERNAL", message: "the project could not be read" };
  return { ...first, message: withCount(first.message, faults.length) };
}

function firstBuildError({ errors }: Extract<BuildResult, { ok: false }>): RemoteError {
  const [first] = errors;
  const message = withCount(first?.message ?? "the model could not be built", errors.length);
  const { file, line, column } = first ?? {};
  return {
    code: "BUILD_FAILED",
    message,
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}

function withCount(message: string, count: number): string {
  return count > 1 ? `${message} (and ${count - 1} more)` : message;
}

function toRemoteError(error: unknown): RemoteError {
  if (!isTrussError(error)) {
    const message = error instanceof Error ? error.message : String(error);
    return { code: "INTERNAL", message, ...(error instanceof Error && error.stack ? { stack: error.stack } : {}) };
  }
  const { code, message, hint, file, line, column } = error;
  return {
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}
