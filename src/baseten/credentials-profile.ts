import { TrussError, exitCodes } from "../errors.ts";
import { requireKey } from "./credentials-environment.ts";
import { readCredentialsFile, unreadable } from "./credentials-file.ts";
import type { CredentialWarning, Credentials } from "./credentials.ts";
import { type Variables, below, platformFolder, shortPath } from "./folders.ts";
import { defaultRemoteUrl } from "./remote.ts";

interface ProfileFile {
  readonly path: string;
  readonly shown: string;
  readonly current: string | undefined;
  readonly profiles: Readonly<Record<string, unknown>>;
  readonly warnings: readonly CredentialWarning[];
}

/**
 * A profile of the official Baseten CLI (`auth.json`): the named one, or the current one.
 *
 * @throws TrussError AUTH_MISSING
 */
export function readProfile(name: string | undefined, env: Variables): Credentials | undefined {
  const file = readProfileFile(env);
  const wanted = name ?? file?.current;
  if (file === undefined || wanted === undefined || !Object.hasOwn(file.profiles, wanted)) return undefined;
  const profile = asObject(file.profiles[wanted]);
  const place = `profile ${wanted} in ${file.shown}`;
  const key = asText(profile["api_key"]) ?? readToken(asObject(profile["oauth_credential"]), place);
  if (key === undefined) throw inKeyring(place);
  return {
    key: requireKey(key.trim(), `The key of ${place}`, "Run baseten auth login once more, or truss-ts login."),
    source: "profile",
    from: place,
    file: file.path,
    remote: wanted,
    remoteUrl: asText(profile["remote_url"]) ?? defaultRemoteUrl,
    warnings: file.warnings,
  };
}

export function listProfiles(env: Variables): readonly string[] {
  return Object.keys(readProfileFile(env)?.profiles ?? {});
}

function readProfileFile(env: Variables): ProfileFile | undefined {
  const folder = env["BASETEN_CONFIG_DIR"] || below(platformFolder(env), "baseten");
  const path = below(folder, "auth.json");
  const found = path === undefined ? undefined : readCredentialsFile(path, env);
  if (path === undefined || found === undefined) return undefined;
  const shown = shortPath(path, env);
  const content = parse(found.text, shown);
  const current = asText(content["current"]);
  return { path, shown, current, profiles: asObject(content["profiles"]), warnings: found.warnings };
}

function parse(text: string, shown: string): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(text));
  } catch {
    // The parser's own message quotes the text.
    throw unreadable(shown, "it is not JSON");
  }
}

function readToken(credential: Readonly<Record<string, unknown>>, place: string): string | undefined {
  const expiry = Date.parse(asText(credential["expiry"]) ?? "");
  if (!(expiry <= Date.now())) return asText(credential["access_token"]);
  throw new TrussError("AUTH_MISSING", `The browser login of ${place} has expired.`, {
    hint: "Renew it with baseten auth status, or run truss-ts login with an API key.",
    exitCode: exitCodes.auth,
  });
}

function inKeyring(place: string): TrussError {
  return new TrussError(
    "AUTH_MISSING",
    `The key of ${place} is in the system's keyring, which truss-ts does not read.`,
    {
      hint: "Run truss-ts login with an API key, or set BASETEN_API_KEY.",
      exitCode: exitCodes.auth,
    },
  );
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
