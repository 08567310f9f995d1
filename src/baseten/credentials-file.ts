import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { TrussError, exitCodes } from "../errors.ts";
import { type Variables, shortPath } from "./folders.ts";
import type { CredentialWarning } from "./credentials.ts";

export interface CredentialsFile {
  readonly text: string;
  readonly warnings: readonly CredentialWarning[];
}

/** Bytes. Files that hold keys have a few hundred. */
const maxSize = 1_048_576;

/**
 * Reads a file that may hold keys; `undefined` where there is none.
 *
 * @throws TrussError AUTH_MISSING for what is there and cannot be read, without a word of its content.
 */
export function readCredentialsFile(path: string, env: Variables): CredentialsFile | undefined {
  const shown = shortPath(path, env);
  try {
    const { bytes, mode } = readBytes(path);
    return { text: decode(bytes), warnings: warnOfMode(shown, mode) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unreadable(shown, code ?? (error instanceof Error ? error.message : "unknown"));
  }
}

/** What a faulty file of keys comes to. */
export function unreadable(shown: string, why: string, line?: number): TrussError {
  const place = line === undefined ? {} : { file: shown, line };
  return new TrussError("AUTH_MISSING", `${shown} cannot be read as a file of credentials: ${why}.`, {
    hint: "Correct or remove it, or set BASETEN_API_KEY, which comes first.",
    exitCode: exitCodes.auth,
    ...place,
  });
}

function readBytes(path: string): { readonly bytes: Buffer; readonly mode: number } {
  // A named pipe in the file's place must not keep us waiting for somebody to write.
  const handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile()) throw new Error("it is not a file");
    if (stats.size > maxSize) throw new Error(`it has ${stats.size} bytes`);
    return { bytes: readFileSync(handle), mode: stats.mode };
  } finally {
    closeSync(handle);
  }
}

function decode(bytes: Buffer): string {
  if (bytes.includes(0)) throw new Error("it is not a text");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error("it is not UTF-8");
  }
}

function warnOfMode(shown: string, mode: number): readonly CredentialWarning[] {
  if (process.platform === "win32" || (mode & 0o077) === 0) return [];
  const octal = (mode & 0o777).toString(8);
  return [{ message: `${shown} holds keys, and others may read it (mode ${octal}).`, hint: `chmod 600 ${shown}` }];
}
