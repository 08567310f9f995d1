import type { Environment } from "../model/contract.ts";
import type { ModelContext, ModelLog, Secrets } from "../model/context.ts";

export interface ContextParts {
  readonly config: Readonly<Record<string, unknown>>;
  readonly secrets: Secrets;
  readonly environment: Environment | null;
  readonly dataDir: string;
  readonly log: ModelLog;
}

/** What the Model's constructor is given: config without secret values, and nothing that shows one when printed. */
export function createContext(parts: ContextParts): ModelContext {
  return Object.freeze({
    config: withoutSecretValues(parts.config),
    secrets: parts.secrets,
    environment: parts.environment,
    data_dir: parts.dataDir,
    log: parts.log,
  });
}

function withoutSecretValues(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const listed = config["secrets"];
  if (typeof listed !== "object" || listed === null) return config;
  return { ...config, secrets: Object.fromEntries(Object.keys(listed).map((name) => [name, null])) };
}
