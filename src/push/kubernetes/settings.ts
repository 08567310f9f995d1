import type { Project } from "../../project/types.ts";
import { readSettings } from "../../runtime/settings.ts";

/** What of the project's config the manifests say. Times in seconds. */
export interface PodSettings {
  readonly cpu: string;
  readonly memory: string;
  readonly accelerator?: { readonly type: string; readonly count: number };
  readonly variables: Readonly<Record<string, string>>;
  /** Names of the declared secrets. */
  readonly secrets: readonly string[];
  /** Absent: no bound. */
  readonly concurrency: number | undefined;
  readonly drainSeconds: number;
  /** How long a start may take. */
  readonly startupSeconds: number;
  /** How long readiness may fail before no more traffic comes. */
  readonly stopTrafficSeconds: number;
  /** How long liveness may fail before the container is started again. */
  readonly restartSeconds: number;
}

/** What Baseten gives a model whose config names no resources. */
const defaults = { cpu: "1", memory: "2Gi" };
/** As long as Baseten waits by default. */
const startupSeconds = 30 * 60;
const stopTrafficSeconds = 15;
const restartSeconds = 60;

export function readPodSettings({ config }: Project): PodSettings {
  const resources = mapping(config.raw["resources"]);
  const checks = mapping(mapping(config.raw["runtime"])["health_checks"]);
  const settings = readSettings(config.raw);
  const accelerator = readAccelerator(resources["accelerator"]);
  return {
    cpu: textOf(resources["cpu"]) ?? defaults.cpu,
    memory: textOf(resources["memory"]) ?? defaults.memory,
    ...(accelerator === undefined ? {} : { accelerator }),
    variables: withoutReserved(config.environmentVariables),
    secrets: Object.keys(config.secrets).toSorted(),
    concurrency: settings.predictConcurrency,
    drainSeconds: Math.ceil(settings.drainTimeoutMs / 1000),
    startupSeconds: secondsOf(checks["startup_threshold_seconds"]) ?? startupSeconds,
    stopTrafficSeconds: secondsOf(checks["stop_traffic_threshold_seconds"]) ?? stopTrafficSeconds,
    restartSeconds: secondsOf(checks["restart_threshold_seconds"]) ?? restartSeconds,
  };
}

/** `H100:2`: a type as Baseten names it, and how many; one where no number is given. */
function readAccelerator(value: unknown): PodSettings["accelerator"] {
  const [type, count] = (textOf(value) ?? "").split(":");
  return type === undefined || type === "" ? undefined : { type, count: count === undefined ? 1 : Number(count) };
}

/** The platform sets these two itself, and Knative refuses them. */
function withoutReserved(variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => name !== "PORT" && name !== "HOSTNAME"));
}

function secondsOf(value: unknown): number | undefined {
  return typeof value === "number" && value > 0 ? Math.ceil(value) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function mapping(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
