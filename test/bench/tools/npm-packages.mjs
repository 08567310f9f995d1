import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, npm } from "./workshop.mjs";

/**
 * Installs packages of exactly these versions, once for all runs on this machine, without running their scripts. Gives
 * the `node_modules` folder. Throws where there is no registry, or none for this platform.
 */
export async function installPackages(versions) {
  const wanted = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
  const home = cacheFolder(wanted.join("_").replaceAll(/[^\w.-]/g, "-"));
  const modules = join(home, "node_modules");
  if (!Object.keys(versions).every((name) => existsSync(join(modules, name, "package.json")))) {
    writeFileSync(join(home, "package.json"), `{"private":true}\n`);
    const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"];
    await npm(["install", ...flags, ...wanted], { cwd: home, timeoutMs: 240_000 });
  }
  return modules;
}
