import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { TrussError } from "../errors.ts";

/** The files that `dev` reads, the later one winning. */
export const envFileNames = [".env", ".env.local"] as const;

/**
 * The variables of the project's `.env` and `.env.local`. A missing file is no fault.
 *
 * @throws TrussError CONFIG_UNREADABLE
 */
export function readEnvFiles(root: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const name of envFileNames) Object.assign(variables, parseEnv(readText(root, name)));
  return variables;
}

function readText(root: string, name: string): string {
  const file = join(root, name);
  try {
    // A pipe has no end until somebody writes one, and nothing could interrupt the reading.
    return statSync(file).isFIFO() ? "" : readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    // A project may have a folder called .env: Python's virtual environments often are.
    if (code === "ENOENT" || code === "EISDIR") return "";
    throw new TrussError("CONFIG_UNREADABLE", `${name} cannot be read (${code}).`, {
      file: name,
      hint: `Check the permissions of ${name}.`,
      cause: error,
    });
  }
}
