import type { Fault } from "../errors.ts";
import type { Environment } from "../model/contract.ts";

/** `config.yaml` after defaults. Keys that truss-ts does not read stay as they are, for `context.config`. */
export interface ResolvedConfig {
  readonly modelName: string | null;
  /** Folder of the model's code. @default "model" */
  readonly modelModuleDir: string;
  /** @default "Model" */
  readonly modelClassName: string;
  /** @default "data" */
  readonly dataDir: string;
  /** Declared secrets: name → default value or null. */
  readonly secrets: Readonly<Record<string, string | null>>;
  readonly environmentVariables: Readonly<Record<string, string>>;
  /** The parsed file as a plain object: what `context.config` shows and what the runtime is given. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface Project {
  /** Absolute path of the folder that holds `config.yaml`. */
  readonly root: string;
  readonly configFile: string;
  readonly config: ResolvedConfig;
  /** Absolute path of the model's source file. */
  readonly modelFile: string;
  /** Absolute path of `data/`, whether it exists or not. */
  readonly dataDir: string;
  readonly environment: Environment | null;
}

/** A project, or all that is wrong with it at once. */
export type ProjectResult =
  | { readonly ok: true; readonly project: Project }
  | { readonly ok: false; readonly faults: readonly Fault[] };
