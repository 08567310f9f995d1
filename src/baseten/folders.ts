import { isAbsolute, join, sep } from "node:path";
import { homeFolder } from "../lib/home-folder.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

/** Where programs keep their settings on Linux, and where Truss does everywhere: `~/.config`. */
export function xdgFolder(env: Variables): string | undefined {
  const named = env["XDG_CONFIG_HOME"];
  // A relative path is to be ignored, as that standard says.
  return named !== undefined && isAbsolute(named) ? named : below(homeFolder(env), ".config");
}

/** `%AppData%`, `~/Library/Application Support` or `~/.config`: where Go's programs keep their settings. */
export function platformFolder(env: Variables): string | undefined {
  if (process.platform === "win32") return env["APPDATA"] ?? below(homeFolder(env), "AppData", "Roaming");
  if (process.platform === "darwin") return below(homeFolder(env), "Library", "Application Support");
  return xdgFolder(env);
}

export function below(folder: string | undefined, ...names: readonly string[]): string | undefined {
  return folder === undefined ? undefined : join(folder, ...names);
}

/** `~/…` made absolute. */
export function expandHome(path: string, env: Variables): string {
  const home = homeFolder(env);
  return home !== undefined && /^~(?=$|[/\\])/.test(path) ? join(home, path.slice(1)) : path;
}

/** A path as a person knows it: `~/.trussrc`. */
export function shortPath(path: string, env: Variables): string {
  const home = homeFolder(env);
  return home !== undefined && path.startsWith(`${home}${sep}`) ? `~${path.slice(home.length)}` : path;
}
