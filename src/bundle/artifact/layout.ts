import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { packageRoot } from "../../lib/package-root.ts";
import type { Project } from "../../project/types.ts";
import { packageName } from "../package-name.ts";

/** Where a file of the project, of a package or of a linked folder is once it is packaged. */
export interface Layout {
  /** Relative to the stage: `model/labels.txt`, `data/words.txt`, `model/_project/assets/logo.png`. */
  stagePath(file: string): string;
  /** How source maps and messages call it, the same on every machine: `model/model.ts`, `node_modules/zod/index.js`. */
  sourceName(file: string): string;
}

/** Only `model/` and `data/` reach the place where a model runs: what lies elsewhere in the project comes below here. */
const projectFolder = "model/_project";

export function createLayout(project: Project): Layout {
  const modelFolder = join(project.root, project.config.modelModuleDir);
  const sourceName = (file: string) => packagePath(file) ?? inside(project.root, file) ?? `_linked/${linkedPath(file)}`;
  return {
    sourceName,
    stagePath(file) {
      const ofPackage = packagePath(file);
      if (ofPackage !== undefined) return `model/${ofPackage}`;
      const ofModel = inside(modelFolder, file);
      if (ofModel !== undefined) return join("model", ofModel).split(sep).join("/");
      const ofData = inside(project.dataDir, file);
      if (ofData !== undefined) return `data/${ofData}`;
      const ofProject = inside(project.root, file);
      return ofProject === undefined ? `model/_linked/${linkedPath(file)}` : `${projectFolder}/${ofProject}`;
    },
  };
}

/** An installed package, or truss-ts itself, which may be linked. */
export interface PackagePlace {
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
}

/** The package that a file belongs to; `undefined` for sources of the project and of what is linked into it. */
export function findPackage(file: string): PackagePlace | undefined {
  const marker = `${sep}node_modules${sep}`;
  const at = file.lastIndexOf(marker);
  if (at !== -1) {
    const home = file.slice(0, at + marker.length);
    const name = packageName(file.slice(home.length).split(sep).join("/"));
    return { name, folder: join(home, name) };
  }
  const own = packageRoot();
  return file.startsWith(join(own, "dist") + sep) ? { name: "truss-ts", folder: own } : undefined;
}

function packagePath(file: string): string | undefined {
  const owner = findPackage(file);
  return owner && `node_modules/${owner.name}/${inside(owner.folder, file)}`;
}

/** The path from a folder to what is in it; `undefined` for what is elsewhere. */
export function inside(folder: string, file: string): string | undefined {
  const path = relative(folder, file);
  return path === ".." || path.startsWith(`..${sep}`) || isAbsolute(path) ? undefined : path.split(sep).join("/");
}

/** By the name of the package that is worked on there, or of the folder. */
function linkedPath(file: string): string {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest)) return `${nameOf(manifest)}/${inside(folder, file)}`;
  }
  return file.split(sep).slice(-2).join("/");
}

function nameOf(manifest: string): string {
  try {
    const { name } = JSON.parse(readFileSync(manifest, "utf8")) as { name?: unknown };
    if (typeof name === "string" && name !== "") return name;
  } catch {
    // Its folder's name will do.
  }
  return dirname(manifest).split(sep).at(-1) ?? "";
}
