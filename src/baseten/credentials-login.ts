import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { TrussError, exitCodes, isTrussError } from "../errors.ts";
import { requireKey } from "./credentials-environment.ts";
import { readCredentialsFile, unreadable } from "./credentials-file.ts";
import type { Credentials } from "./credentials.ts";
import { type Variables, below, shortPath, xdgFolder } from "./folders.ts";
import { defaultRemoteUrl } from "./remote.ts";

export const defaultLogin = "baseten";

export interface Login {
  readonly remote: string;
  readonly remoteUrl: string;
  readonly key: string;
}

/**
 * What `truss-ts login` has kept: the named login, else the one called `baseten`, else the only one.
 *
 * @throws TrussError AUTH_MISSING, or USAGE where there are several and none is named
 */
export function readLogin(remote: string | undefined, env: Variables): Credentials | undefined {
  const name = remote ?? chooseLogin(listLogins(env));
  const path = name === undefined || !isLoginName(name) ? undefined : loginPath(name, env);
  const found = path === undefined ? undefined : readCredentialsFile(path, env);
  if (name === undefined || path === undefined || found === undefined) return undefined;
  const shown = shortPath(path, env);
  const { remoteUrl, key } = parseLogin(found.text, shown);
  return {
    key: requireKey(key, `The key in ${shown}`, loginHint(name)),
    source: "login",
    from: `truss-ts login (${shown})`,
    file: path,
    remote: name,
    remoteUrl,
    warnings: found.warnings,
  };
}

/** The dashboard that an earlier login of the name was for, whatever else is wrong with its file. */
export function keptRemoteUrl(remote: string, env: Variables): string | undefined {
  try {
    return listLogins(env).includes(remote) ? readLogin(remote, env)?.remoteUrl : undefined;
  } catch (error) {
    if (isTrussError(error)) return undefined;
    throw error;
  }
}

export function listLogins(env: Variables): readonly string[] {
  const folder = loginFolder(env);
  try {
    const names = folder === undefined ? [] : readdirSync(folder);
    return names
      .filter((name) => name.endsWith(".json"))
      .map((name) => name.slice(0, -".json".length))
      .filter(isLoginName)
      .toSorted();
  } catch {
    return [];
  }
}

/** A name that is one file's as well, on every system. */
export function isLoginName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name);
}

/**
 * Keeps a key that has been checked: one file for each remote, so that two logins at once harm nobody. Nobody else may
 * read it at any moment, whatever the umask; a link in its place is replaced and never followed.
 *
 * @returns the file's path
 * @throws TrussError WRITE_FAILED
 */
export function keepLogin({ remote, remoteUrl, key }: Login, env: Variables): string {
  const path = loginPath(remote, env);
  if (path === undefined) throw writeFailed("your settings", "there is no home folder; set HOME or XDG_CONFIG_HOME");
  try {
    makePrivateFolder(dirname(path));
    replaceFile(path, `${JSON.stringify({ remote_url: remoteUrl, api_key: key }, undefined, 2)}\n`);
    return path;
  } catch (error) {
    throw writeFailed(shortPath(path, env), error instanceof Error && "code" in error ? String(error.code) : "unknown");
  }
}

/**
 * Forgets a login; the path of what was removed, or `undefined` where there was none.
 *
 * @throws TrussError WRITE_FAILED
 */
export function forgetLogin(remote: string, env: Variables): string | undefined {
  const path = isLoginName(remote) ? loginPath(remote, env) : undefined;
  if (path === undefined || !listLogins(env).includes(remote)) return undefined;
  try {
    rmSync(path);
    return path;
  } catch (error) {
    throw writeFailed(shortPath(path, env), error instanceof Error && "code" in error ? String(error.code) : "unknown");
  }
}

function loginFolder(env: Variables): string | undefined {
  return below(xdgFolder(env), "truss-ts", "logins");
}

function loginPath(name: string, env: Variables): string | undefined {
  return below(loginFolder(env), `${name}.json`);
}

export function chooseLogin(names: readonly string[]): string | undefined {
  const [only, ...others] = names;
  if (names.includes(defaultLogin) || only === undefined) return only === undefined ? undefined : defaultLogin;
  if (others.length === 0) return only;
  throw new TrussError("USAGE", `There are several logins: ${names.join(", ")}.`, {
    hint: `say which one is meant: --remote ${only}`,
    exitCode: exitCodes.usage,
  });
}

function parseLogin(text: string, shown: string): { readonly remoteUrl: string; readonly key: string } {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw unreadable(shown, "it is not JSON");
  }
  const key = typeof content === "object" && content !== null && "api_key" in content ? content.api_key : undefined;
  if (typeof content !== "object" || content === null || typeof key !== "string")
    throw unreadable(shown, "it has no api_key");
  const remoteUrl = "remote_url" in content ? content.remote_url : undefined;
  return { key, remoteUrl: typeof remoteUrl === "string" ? remoteUrl : defaultRemoteUrl };
}

function loginHint(name: string): string {
  return name === defaultLogin ? "Run truss-ts login once more." : `Run truss-ts login --remote ${name} once more.`;
}

function makePrivateFolder(folder: string): void {
  mkdirSync(dirname(dirname(folder)), { recursive: true });
  for (const each of [dirname(folder), folder]) {
    mkdirSync(each, { recursive: true, mode: 0o700 });
    chmodSync(each, 0o700);
  }
}

function replaceFile(path: string, text: string): void {
  const draft = join(dirname(path), `.${randomBytes(8).toString("hex")}.tmp`);
  try {
    const handle = openSync(draft, "wx", 0o600);
    try {
      fchmodSync(handle, 0o600);
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function writeFailed(shown: string, why: string): TrussError {
  return new TrussError("WRITE_FAILED", `${shown} cannot be written: ${why}.`, {
    hint: "Where nothing can be kept, set BASETEN_API_KEY instead.",
  });
}
