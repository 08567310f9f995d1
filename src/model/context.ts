import type { Environment } from "./contract.ts";

/** Read at each access, so a rotated secret is seen. Printing it never shows a value. */
export type Secrets = {
  /** The secret's value; throws when the name is not declared in `config.yaml`, or has no value. */
  get(name: string): string;
} & { readonly [name: string]: string };

/** Lines that carry the level; goes to the server's log, never to the client. */
export interface ModelLog {
  debug(...values: unknown[]): void;
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}

/** What a Model's constructor is given. */
export interface ModelContext {
  /** `config.yaml`, parsed. Secrets are not in it. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly secrets: Secrets;
  /** The platform's environment, `null` where there is none. */
  readonly environment: Environment | null;
  /** Absolute path of the project's `data/` folder. */
  readonly data_dir: string;
  readonly log: ModelLog;
}
