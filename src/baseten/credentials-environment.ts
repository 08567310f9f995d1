import { TrussError, exitCodes } from "../errors.ts";
import type { Credentials } from "./credentials.ts";
import type { Variables } from "./folders.ts";
import { defaultRemoteUrl } from "./remote.ts";
import { type Secret, createSecret, faultOfKey } from "./secret.ts";

const pairUrl = "BASETEN_TRUSS_AUTH_REMOTE_URL";
const pairKey = "BASETEN_TRUSS_AUTH_API_KEY";

/** `BASETEN_API_KEY`, for the workspace of `BASETEN_REMOTE_URL` where that is set. */
export function keyFromEnvironment(env: Variables): Credentials | undefined {
  const name = "BASETEN_API_KEY";
  const key = readKey(env, name);
  if (key === undefined) return undefined;
  const remoteUrl = env["BASETEN_REMOTE_URL"]?.trim() || defaultRemoteUrl;
  return { key, source: "environment", from: name, remoteUrl, warnings: [] };
}

/** Truss's two variables, which only go together. */
export function pairFromEnvironment(env: Variables): Credentials | undefined {
  const key = readKey(env, pairKey);
  const remoteUrl = env[pairUrl]?.trim() ?? "";
  if (key === undefined && remoteUrl === "") return undefined;
  if (key !== undefined && remoteUrl !== "") {
    return { key, source: "environment", from: pairKey, remoteUrl, warnings: [] };
  }
  const [present, missing] = key === undefined ? [pairUrl, pairKey] : [pairKey, pairUrl];
  throw new TrussError("AUTH_MISSING", `${present} is set, but ${missing} is not.`, {
    hint: "Set both or neither; BASETEN_API_KEY alone will do as well.",
    exitCode: exitCodes.auth,
  });
}

function readKey(env: Variables, name: string): Secret | undefined {
  const value = env[name]?.trim() ?? "";
  return value === "" ? undefined : requireKey(value, name, `Set ${name} to the key alone.`);
}

/**
 * A text as a key. `what` begins the message where it cannot be one: its value is not told.
 *
 * @throws TrussError AUTH_MISSING
 */
export function requireKey(value: string, what: string, hint: string): Secret {
  const fault = faultOfKey(value);
  if (fault === undefined) return createSecret(value);
  throw new TrussError("AUTH_MISSING", `${what} ${fault}.`, { hint, exitCode: exitCodes.auth });
}
