import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "../model/contract.ts";

/** The platform writes here which environment a deployment is in; it may change while we run. */
export function environmentFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(env["TRUSS_TS_DYNAMIC_CONFIG_DIR"] ?? "/etc/b10_dynamic_config", "environment");
}

export type EnvironmentReading =
  | { readonly found: false }
  | { readonly found: true; readonly environment: Environment | null };

/** Reads the environment file; absent or empty counts as not found. Throws on invalid JSON. */
export async function readEnvironment(file: string): Promise<EnvironmentReading> {
  const text = await readFile(file, "utf8").catch(() => "");
  if (text.trim() === "") return { found: false };
  return { found: true, environment: JSON.parse(text) as Environment | null };
}

export interface EnvironmentWatch {
  readonly file: string;
  /** Time between two looks at the file, in milliseconds. @default 10 000 */
  readonly intervalMs?: number;
  /** The value that the model already knows. */
  readonly known: Environment | null | undefined;
  readonly onChange: (environment: Environment | null) => unknown;
  readonly onError: (error: unknown) => void;
}

/** Looks at the file now and then, and tells of each new value once. Returns the way to stop. */
export function watchEnvironment(watch: EnvironmentWatch): () => void {
  let known = JSON.stringify(watch.known);
  let lastMtime: number | undefined;
  let busy = false;

  const look = async () => {
    if (busy) return;
    busy = true;
    try {
      // A value that failed, or that cannot be read, is told of once: until the file changes again.
      const mtime = await stat(watch.file).then(
        ({ mtimeMs }) => mtimeMs,
        () => undefined,
      );
      if (mtime === undefined || mtime === lastMtime) return;
      lastMtime = mtime;
      const reading = await readEnvironment(watch.file);
      if (!reading.found) return;
      const text = JSON.stringify(reading.environment);
      if (text === known) return;
      known = text;
      await watch.onChange(reading.environment);
    } catch (error) {
      watch.onError(error);
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => void look(), watch.intervalMs ?? 10_000);
  timer.unref();
  return () => clearInterval(timer);
}
