import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { TrussError } from "../errors.ts";
import type { Secrets } from "../model/context.ts";

export interface SecretSources {
  /** Folder with one file a secret. @default "/secrets", or `TRUSS_TS_SECRETS_DIR` */
  readonly directory?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * The secrets that `config.yaml` declares, read anew at each access so that a rotated one is seen: the file
 * `/secrets/<name>`, else the environment's `TRUSS_SECRET_<name>`, else the value in `config.yaml`.
 *
 * An undeclared or missing name throws. Printing or serialising the object shows names only.
 */
export function createSecrets(declared: Readonly<Record<string, string | null>>, sources: SecretSources = {}): Secrets {
  const environment = sources.environment ?? process.env;
  const names = Object.keys(declared);
  const get = (name: string) => {
    if (typeof name !== "string" || !Object.hasOwn(declared, name)) throw undeclared(name, names);
    const directory = sources.directory ?? environment["TRUSS_TS_SECRETS_DIR"] ?? "/secrets";
    const value = readSecretFile(directory, name) || environment[`TRUSS_SECRET_${name}`] || declared[name];
    if (!value) throw missing(name, directory);
    return value;
  };
  const shown = () => `Secrets { ${names.join(", ")} }`;
  // Printing, promises and coercion ask for these on any object. A secret of the same name comes first.
  const ownMembers = new Map<string, unknown>([
    ["get", get],
    ["toString", shown],
    ["toJSON", () => ({ declared: names })],
    ["then", undefined],
  ]);

  return new Proxy({} as Secrets, {
    get(_target, key) {
      if (key === inspect.custom) return shown;
      if (typeof key === "symbol") return undefined;
      return ownMembers.has(key) && !Object.hasOwn(declared, key) ? ownMembers.get(key) : get(key);
    },
    has: (_target, key) => typeof key === "string" && Object.hasOwn(declared, key),
    ownKeys: () => [],
    getOwnPropertyDescriptor: () => undefined,
    set: (_target, key) => {
      throw new TypeError(`secrets cannot be set (${String(key)})`);
    },
  });
}

/** The declared secrets of a parsed config: name → value in the file, or null. */
export function declaredSecrets(config: Readonly<Record<string, unknown>>): Record<string, string | null> {
  const listed = config["secrets"];
  if (typeof listed !== "object" || listed === null) return {};
  const entries = Object.entries(listed).map(([name, value]) => [name, typeof value === "string" ? value : null]);
  return Object.fromEntries(entries) as Record<string, string | null>;
}

function readSecretFile(directory: string, name: string): string | undefined {
  if (name.includes("/") || name.includes("\\") || name === "." || name === "..") return undefined;
  try {
    return readFileSync(join(directory, name), "utf8").replace(/\r?\n$/, "");
  } catch {
    return undefined;
  }
}

function undeclared(name: unknown, names: readonly string[]): TrussError {
  const known = names.length === 0 ? "none are declared" : `declared: ${names.join(", ")}`;
  return new TrussError(
    "SECRET_UNDECLARED",
    `the secret ${JSON.stringify(name)} is not declared in config.yaml (${known})`,
    { hint: `write \`${String(name)}: null\` under \`secrets:\` there` },
  );
}

function missing(name: string, directory: string): TrussError {
  return new TrussError("SECRET_MISSING", `the secret "${name}" has no value`, {
    hint: `write the file ${join(directory, name)}, or set TRUSS_SECRET_${name} (in dev: in .env)`,
  });
}
