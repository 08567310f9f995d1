import { basename, join } from "node:path";
import { readFileSync, statSync } from "node:fs";
import type { Fault } from "../errors.ts";
import { staysInside } from "../lib/paths.ts";
import { configName } from "./find.ts";
import type { ResolvedConfig } from "./types.ts";
import { type ConfigSource, parseConfig } from "./yaml.ts";
import { validateConfig } from "./validate.ts";

/** What the file says, as far as it can be understood, and all that is wrong with it. */
export interface ConfigResult {
  /** Absent where the file cannot be read or is not YAML. Where there are faults, good only for looking further. */
  readonly config?: ResolvedConfig;
  /** `model_class_filename`, where the file has it. */
  readonly modelFilename?: string | undefined;
  readonly source?: ConfigSource;
  readonly faults: readonly Fault[];
}

/** In bytes. Parsing takes the time of a reload, during which nothing else is answered. */
const sizeLimit = 1024 * 1024;

/** Reads and checks the `config.yaml` of a project's folder, or another file in its place. */
export async function readConfig(root: string, file: string = join(root, configName)): Promise<ConfigResult> {
  const text = readConfigText(file);
  if (typeof text !== "string") return { faults: [text] };
  const source = await parseConfig(text);
  if (source.faults.length > 0) return { faults: source.faults };
  const faults = [...(await validateConfig(source)), ...findFolderFaults(root, source)];
  faults.sort((left, right) => (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0));
  const config = resolveConfig(root, source.values);
  return { config, modelFilename: textOf(source.values["model_class_filename"]), source, faults };
}

function readConfigText(path: string): string | Fault {
  try {
    const { size } = statSync(path);
    if (size > sizeLimit) return describeSize(size);
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return {
      code: "CONFIG_UNREADABLE",
      message: `${basename(path)} cannot be read (${code}).`,
      file: configName,
      hint:
        code === "ENOENT" && basename(path) === configName
          ? `Put ${configName} back, or make a new project with: truss-ts init`
          : `Check the file's name and permissions.`,
    };
  }
}

function describeSize(size: number): Fault {
  return {
    code: "CONFIG_INVALID",
    message: `${configName} is too large: ${(size / 1024 / 1024).toFixed(1)} MiB, and 1 MiB is the most.`,
    file: configName,
    hint: "Keep data in files of the data folder, and read them in load().",
  };
}

/** A folder outside the project would work here and be missing in what is pushed. */
function findFolderFaults(root: string, source: ConfigSource): Fault[] {
  return ["model_module_dir", "data_dir"].flatMap((key) => {
    const value = textOf(source.values[key]);
    if (value === undefined || staysInside(root, value)) return [];
    return [
      source.faultAt([key], `${key} must be a folder inside the project.`, "Use a path relative to config.yaml."),
    ];
  });
}

function resolveConfig(root: string, values: Readonly<Record<string, unknown>>): ResolvedConfig {
  const secrets = recordOf(values["secrets"]);
  return {
    modelName: textOf(values["model_name"]) ?? null,
    modelModuleDir: folderOf(root, values["model_module_dir"]) ?? "model",
    modelClassName: textOf(values["model_class_name"]) ?? "Model",
    dataDir: folderOf(root, values["data_dir"]) ?? "data",
    secrets: mapValues(secrets, (value) => (typeof value === "string" ? value : null)),
    environmentVariables: mapValues(recordOf(values["environment_variables"]), String),
    raw: "secrets" in values ? { ...values, secrets: mapValues(secrets, () => null) } : values,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function folderOf(root: string, value: unknown): string | undefined {
  const folder = textOf(value);
  return folder !== undefined && staysInside(root, folder) ? folder : undefined;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function mapValues<Value>(
  record: Readonly<Record<string, unknown>>,
  map: (value: unknown) => Value,
): Record<string, Value> {
  // A secret may be called __proto__: assignment would lose it, fromEntries does not.
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
