import { homedir } from "node:os";
import { isAbsolute } from "node:path";

/** The user's home folder; `undefined` where there is none, as for an unknown user id in a container. */
export function homeFolder(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const named = process.platform === "win32" ? env["USERPROFILE"] : env["HOME"];
  if (named !== undefined && isAbsolute(named)) return named;
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}
