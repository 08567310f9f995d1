import { TrussError, exitCodes } from "../errors.ts";
import { suggest } from "../lib/suggest.ts";
import { keyFromEnvironment, pairFromEnvironment } from "./credentials-environment.ts";
import { readLogin, listLogins } from "./credentials-login.ts";
import { listProfiles, readProfile } from "./credentials-profile.ts";
import { listTrussRemotes, readTrussRemote } from "./credentials-trussrc.ts";
import type { Variables } from "./folders.ts";
import type { Secret } from "./secret.ts";

export interface CredentialWarning {
  readonly message: string;
  readonly hint: string;
}

/** A key of Baseten's, and all that is known of where it comes from. */
export interface Credentials {
  readonly key: Secret;
  /** Who left it: a variable, our `login`, Truss's `.trussrc`, the Baseten CLI's `auth.json`. */
  readonly source: "environment" | "login" | "trussrc" | "profile";
  /** For people: `BASETEN_API_KEY`, `[baseten] in ~/.trussrc`. */
  readonly from: string;
  readonly file?: string;
  /** The name that `--remote` takes; absent where the environment gave the key. */
  readonly remote?: string;
  /** The dashboard's address, such as `https://app.baseten.co`; what the API's addresses are derived from. */
  readonly remoteUrl: string;
  /** The team that `.trussrc` names. */
  readonly team?: string;
  readonly warnings: readonly CredentialWarning[];
}

export interface CredentialsQuery {
  readonly env: Variables;
  /** A login, a section of `.trussrc` or a profile by its name: the environment's keys are then left aside. */
  readonly remote?: string | undefined;
}

/**
 * The key to use. The first source that has one decides, and one that is there but cannot be used is an error rather
 * than a reason to go on with another account.
 *
 * 1. `BASETEN_API_KEY`
 * 2. `BASETEN_TRUSS_AUTH_REMOTE_URL` and `BASETEN_TRUSS_AUTH_API_KEY`, as Truss has them
 * 3. the Baseten CLI's profile that `BASETEN_PROFILE` names
 * 4. `truss-ts login`
 * 5. Truss's `.trussrc`
 * 6. the Baseten CLI's current profile
 *
 * @throws TrussError AUTH_MISSING (exit code 3), or USAGE where it must be said which of several is meant
 */
export function findCredentials({ env, remote }: CredentialsQuery): Credentials {
  const found = remote === undefined ? findFirst(env) : findRemote(remote, env);
  return { ...found, warnings: [...found.warnings, ...warnOfPlainHttp(found)] };
}

function findFirst(env: Variables): Credentials {
  const profile = env["BASETEN_PROFILE"]?.trim() ?? "";
  const found =
    keyFromEnvironment(env) ??
    pairFromEnvironment(env) ??
    (profile === "" ? undefined : requireProfile(profile, env)) ??
    readLogin(undefined, env) ??
    readTrussRemote(undefined, env) ??
    readProfile(undefined, env);
  if (found !== undefined) return found;
  throw new TrussError("AUTH_MISSING", "No Baseten API key was found.", {
    hint: "Run truss-ts login, or set BASETEN_API_KEY. Keys are made at https://app.baseten.co/settings/api_keys",
    exitCode: exitCodes.auth,
  });
}

/** Whoever is on the way reads along. On this machine nobody is. */
function warnOfPlainHttp({ remoteUrl, from }: Credentials): readonly CredentialWarning[] {
  const url = URL.canParse(remoteUrl) ? new URL(remoteUrl) : undefined;
  const local = /^(?:.+\.)?localhost$|^127\.|^\[::1\]$/.test(url?.hostname ?? "localhost");
  if (url?.protocol !== "http:" || local) return [];
  return [{ message: `The key from ${from} goes to ${url.host} without encryption.`, hint: "use https" }];
}

function findRemote(remote: string, env: Variables): Credentials {
  const found = readLogin(remote, env) ?? readTrussRemote(remote, env) ?? readProfile(remote, env);
  if (found !== undefined) return found;
  const names = [...new Set([...listLogins(env), ...listTrussRemotes(env), ...listProfiles(env)])];
  const meant = suggest(remote, names);
  const known = names.length === 0 ? "There are none at all." : `There are: ${names.join(", ")}.`;
  const login = `truss-ts login --remote ${remote} makes one`;
  throw new TrussError("AUTH_MISSING", `There is no remote ${JSON.stringify(remote)}. ${known}`, {
    hint: meant === undefined ? login : `did you mean ${meant}?`,
    exitCode: exitCodes.auth,
  });
}

function requireProfile(name: string, env: Variables): Credentials {
  const found = readProfile(name, env);
  if (found !== undefined) return found;
  throw new TrussError("AUTH_MISSING", `The Baseten CLI has no profile ${JSON.stringify(name)}.`, {
    hint: "BASETEN_PROFILE names it: correct or unset that variable.",
    exitCode: exitCodes.auth,
  });
}
