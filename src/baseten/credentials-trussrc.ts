import { TrussError, exitCodes, isTrussError } from "../errors.ts";
import { homeFolder } from "../lib/home-folder.ts";
import { keyFromEnvironment, requireKey } from "./credentials-environment.ts";
import { readCredentialsFile, unreadable } from "./credentials-file.ts";
import type { CredentialWarning, Credentials } from "./credentials.ts";
import { type Variables, below, expandHome, shortPath } from "./folders.ts";
import { IniError, type IniSections, parseIni } from "./ini.ts";
import { defaultRemoteUrl } from "./remote.ts";

interface TrussFile {
  readonly path: string;
  readonly shown: string;
  readonly sections: IniSections;
  readonly warnings: readonly CredentialWarning[];
}

interface Section {
  readonly file: TrussFile;
  readonly name: string;
  readonly values: ReadonlyMap<string, string>;
}

/**
 * A section of Truss's `.trussrc` (elsewhere by `USER_TRUSSRC_PATH`): the named one, or the only one.
 *
 * @throws TrussError AUTH_MISSING, or USAGE where there are several and none is named
 */
export function readTrussRemote(remote: string | undefined, env: Variables): Credentials | undefined {
  const file = readTrussFile(env);
  const names = file === undefined ? [] : remoteNames(file);
  if (file === undefined || names.length === 0) return undefined;
  const [only, ...others] = names;
  if (remote === undefined && others.length > 0) throw ambiguous(file.shown, names);
  const name = remote ?? only ?? "";
  const values = names.includes(name) ? file.sections.get(name) : undefined;
  return values === undefined ? undefined : toCredentials({ file, name, values }, env);
}

export function listTrussRemotes(env: Variables): readonly string[] {
  const file = readTrussFile(env);
  return file === undefined ? [] : remoteNames(file);
}

/** The dashboard that a section names, whatever else is wrong with it. */
export function trussRemoteUrl(remote: string, env: Variables): string | undefined {
  try {
    return readTrussFile(env)?.sections.get(remote)?.get("remote_url")?.trim() || undefined;
  } catch (error) {
    if (isTrussError(error)) return undefined;
    throw error;
  }
}

function readTrussFile(env: Variables): TrussFile | undefined {
  const named = env["USER_TRUSSRC_PATH"] ?? "";
  const path = named === "" ? below(homeFolder(env), ".trussrc") : expandHome(named, env);
  const found = path === undefined ? undefined : readCredentialsFile(path, env);
  if (path === undefined || found === undefined) return undefined;
  const shown = shortPath(path, env);
  try {
    return { path, shown, sections: parseIni(found.text), warnings: found.warnings };
  } catch (error) {
    if (error instanceof IniError) throw unreadable(shown, error.message, error.line);
    throw error;
  }
}

/** Sections of other providers are none of our business. */
function remoteNames({ sections }: TrussFile): string[] {
  return [...sections].filter(([, values]) => (values.get("remote_provider") ?? "baseten") === "baseten").map(first);
}

function first([name]: readonly [string, unknown]): string {
  return name;
}

function ambiguous(shown: string, names: readonly string[]): TrussError {
  return new TrussError("USAGE", `${shown} has several remotes: ${names.join(", ")}.`, {
    hint: `say which one is meant: --remote ${names[0]}`,
    exitCode: exitCodes.usage,
  });
}

function toCredentials({ file, name, values }: Section, env: Variables): Credentials {
  const { path, shown, warnings } = file;
  const place = `[${name}] in ${shown}`;
  const oauth = values.get("auth_type") === "oauth";
  const value = oauth ? readToken(values, place) : values.get("api_key")?.trim();
  const fallback = value === undefined && !oauth ? keyFromEnvironment(env)?.key : undefined;
  if (value === undefined && fallback === undefined) throw elsewhere(place, name);
  const hint = `Correct it, or remove [${name}] from ${shown} and run truss-ts login.`;
  const team = values.get("team")?.trim() ?? "";
  return {
    key: fallback ?? requireKey(value ?? "", `The key of ${place}`, hint),
    source: "trussrc",
    from: fallback === undefined ? place : `BASETEN_API_KEY, for ${place}`,
    file: path,
    remote: name,
    remoteUrl: values.get("remote_url")?.trim() || defaultRemoteUrl,
    ...(team === "" ? {} : { team }),
    warnings,
  };
}

/** Inline tokens stand there where Truss found no keyring. They are not renewed: that would end Truss's own login. */
function readToken(values: ReadonlyMap<string, string>, place: string): string | undefined {
  const token = values.get("oauth_access_token")?.trim();
  const expires = Number(values.get("oauth_expires_at"));
  if (token === undefined || !(expires * 1_000 <= Date.now())) return token;
  throw new TrussError("AUTH_MISSING", `The browser login of ${place} has expired.`, {
    hint: "Renew it with truss whoami, or run truss-ts login with an API key.",
    exitCode: exitCodes.auth,
  });
}

function elsewhere(place: string, name: string): TrussError {
  return new TrussError(
    "AUTH_MISSING",
    `The key of ${place} is in the system's keyring, which truss-ts does not read.`,
    {
      hint: `Run truss-ts login${name === "baseten" ? "" : ` --remote ${name}`} with an API key, or set BASETEN_API_KEY.`,
      exitCode: exitCodes.auth,
    },
  );
}
