import { join } from "node:path";
import { TrussError } from "../errors.ts";
import { homeFolder } from "./home-folder.ts";

/**
 * Where this user keeps what can be made again: `TRUSS_TS_CACHE_DIR`, else a folder of ours where the system wants such
 * things. Absolute; it may not exist yet.
 *
 * @throws TrussError WRITE_FAILED where there is neither such a folder nor a home
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
  const home = homeFolder(env);
  if (xdg.startsWith("/") && platform !== "win32" && platform !== "darwin") return xdg;
  if (platform === "win32" && local !== "") return local;
  // The folder for temporary files is no place for it: others could put packages into it first.
  if (home === undefined) throw homeless();
  if (platform === "win32") return join(home, "AppData", "Local");
  return platform === "darwin" ? join(home, "Library", "Caches") : join(home, ".cache");
}

function homeless(): TrussError {
  return new TrussError("WRITE_FAILED", "There is no folder for what can be made again: this user has no home.", {
    hint: "set TRUSS_TS_CACHE_DIR or HOME",
  });
}
