import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolder, npm, run } from "./workshop.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
let installed;

/** The package as it would be published, unpacked into a `node_modules`: what users run, not this checkout. */
export async function installTruss() {
  installed ??= unpack();
  return installed;
}

/** A package of this checkout, by the name of its folder in `node_modules`. */
export function packageFolder(name) {
  return join(root, "node_modules", name);
}

/** Makes packages importable in a folder without installing them again. */
export function linkPackages(folder, packages) {
  for (const [name, target] of Object.entries(packages)) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    if (!existsSync(link)) symlinkSync(target, link, "junction");
  }
}

async function unpack() {
  const folder = makeFolder("truss-ts");
  const packed = await npm(["pack", "--ignore-scripts", "--json", "--pack-destination", folder], { cwd: root });
  const [{ filename }] = JSON.parse(packed.stdout);
  await run("tar", ["-xzf", filename], { cwd: folder });
  mkdirSync(join(folder, "node_modules"));
  renameSync(join(folder, "package"), join(folder, "node_modules", "truss-ts"));
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  linkPackages(folder, Object.fromEntries(Object.keys(dependencies).map((name) => [name, packageFolder(name)])));
  const home = join(folder, "node_modules", "truss-ts");
  return { folder: home, cli: join(home, "bin", "truss-ts.js") };
}
