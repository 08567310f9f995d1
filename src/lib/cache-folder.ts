import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where this user keeps what can be made again: `TRUSS_TS_CACHE_DIR`, else a folder of ours where the system wants such
 * things. Absolute; it may not exist yet.
 */
export function cacheFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const asked = env["TRUSS_TS_CACHE_DIR"];
  if (asked !== undefined && asked !== "") return asked;
  return join(systemCache(env, platform), "truss-ts");
}

function systemCache(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const { XDG_CACHE_HOME: xdg = "", LOCALAPPDATA: local = "" } = env;
  if (platform === "win32") return local === "" ? join(homedir(), "AppData", "Local") : local;
  if (platform === "darwin") return join(homedir(), "Library", "Caches");
  return xdg.startsWith("/") ? xdg : join(homedir(), ".cache");
}
