import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild, ResolveResult } from "esbuild";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, extname, isAbsolute, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { projectPath } from "../lib/paths.ts";
import type { Project } from "../project/types.ts";
import { endings } from "./errors.ts";
import { describeMissingPackage } from "./missing-package.ts";
import { packageName } from "./package-name.ts";
import { findAliasTargets } from "./tsconfigs.ts";

/** What one build has met. */
export interface ResolveLog {
  readonly inputs: Set<string>;
  readonly externals: Set<string>;
  readonly packages: { readonly found: Set<string>; readonly missing: Map<string, string> };
}

export const passed = Symbol("resolved by esbuild itself");
const nativeNamespace = "truss-ts-native";

/**
 * Decides what goes into the bundle (the user's own sources) and what stays outside (packages).
 *
 * @param listens whether each source that is read is logged, of a build that fails too; that takes its time
 */
export function createResolvePlugin(project: Project, outDir: string, log: ResolveLog, listens: boolean): Plugin {
  return {
    name: "truss-ts-resolve",
    setup(build) {
      build.onResolve({ filter: /^[^./]/, namespace: "file" }, (args) =>
        resolveBare(build, project, outDir, log, args),
      );
      if (listens) logLoads(build, log);
      addNativeAddons(build);
    },
  };
}

/** Callbacks without a result only listen. */
function logLoads(build: PluginBuild, log: ResolveLog): void {
  build.onLoad({ filter: /.*/, namespace: "file" }, ({ path }) => {
    log.inputs.add(path);
    return undefined;
  });
}

async function resolveBare(
  build: PluginBuild,
  project: Project,
  outDir: string,
  log: ResolveLog,
  args: OnResolveArgs,
): Promise<OnResolveResult | undefined> {
  if (args.kind === "entry-point" || args.pluginData === passed) return undefined;
  if (isAbsolute(args.path)) return undefined;
  if (isBuiltin(args.path) || /^(?:node|file|data|https?):/.test(args.path)) return { path: args.path, external: true };
  const { importer, resolveDir, kind, with: attributes } = args;
  const found = await build.resolve(args.path, { importer, resolveDir, kind, with: attributes, pluginData: passed });
  if (found.errors.length > 0) return describeUnresolved(project, log, args, found);
  if (found.external) return { path: found.path, external: true };
  // esbuild resolves it once more by itself: only so does it know which tsconfig.json rules the file.
  if (belongsToBundle(project, args, found.path)) return undefined;
  const path = await nameForNode(build, project, outDir, args, found.path);
  log.externals.add(path);
  log.packages.found.add(found.path);
  return { path, external: true };
}

/** A static import that fails would only be seen at run time; a dynamic one may be meant to. */
export function describeUnresolved(
  project: Project,
  log: Pick<ResolveLog, "inputs" | "packages">,
  args: OnResolveArgs,
  found: ResolveResult,
): OnResolveResult {
  const alias = findAliasTargets(args.resolveDir, args.path);
  for (const target of alias) for (const ending of endings) log.inputs.add(target + ending);
  if (alias.length === 0 && !args.path.startsWith("#")) {
    log.packages.missing.set(packageName(args.path), args.resolveDir);
  }
  if (args.kind !== "import-statement") return { path: args.path, external: true };
  if (args.path.startsWith("#")) return { errors: found.errors };
  const target = alias[0] && projectPath(project.root, alias[0]);
  if (target === undefined) return { errors: [{ text: describeMissingPackage(project.root, args.path) }] };
  return {
    errors: [
      { text: `Could not resolve "${args.path}": "paths" in tsconfig.json lead to ${target}, which is not there` },
    ],
  };
}

/** Own sources: whatever an alias leads to, and TypeScript, which Node could not import. */
function belongsToBundle(project: Project, args: OnResolveArgs, path: string): boolean {
  if (/\.[cm]?tsx?$/.test(path)) return true;
  if (path.includes(`${sep}node_modules${sep}`)) return false;
  if (path.startsWith(project.root + sep)) return true;
  // Outside the project, JavaScript: a linked package can be imported by its name, an alias cannot.
  return findPackageFolder(args.resolveDir, packageName(args.path)) === undefined;
}

/** The specifier by which Node finds, from the bundle's folder, what esbuild found from the importing file. */
async function nameForNode(build: PluginBuild, project: Project, outDir: string, args: OnResolveArgs, path: string) {
  if (!args.resolveDir.startsWith(project.root)) {
    const { importer, kind } = args;
    const again = await build.resolve(args.path, { importer, kind, resolveDir: dirname(outDir), pluginData: passed });
    if (again.path !== path) return kind.startsWith("require") ? path : pathToFileURL(path).href;
  }
  return args.kind.startsWith("require") ? args.path : completeSubpath(args, path);
}

/** `lodash/fp` → `lodash/fp.js`: without an exports map, Node's `import` wants the whole file name. */
export function completeSubpath(args: OnResolveArgs, path: string): string {
  const name = packageName(args.path);
  const subpath = args.path.slice(name.length + 1);
  const folder = subpath === "" || extname(subpath) !== "" ? undefined : findPackageFolder(args.resolveDir, name);
  if (folder === undefined || hasExportsMap(folder)) return args.path;
  const inside = relative(realpathSync(folder), path);
  return inside.startsWith("..") ? args.path : `${name}/${inside.split(sep).join("/")}`;
}

function hasExportsMap(folder: string): boolean {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return typeof manifest === "object" && manifest !== null && "exports" in manifest;
  } catch {
    return false;
  }
}

export function findPackageFolder(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

/** A compiled addon beside the sources is required from where it lies; ES modules cannot import one by themselves. */
function addNativeAddons(build: PluginBuild): void {
  build.onResolve({ filter: /^\.{1,2}\/.*\.node$/ }, ({ path, resolveDir }) => ({
    path: join(resolveDir, path),
    namespace: nativeNamespace,
  }));
  build.onLoad({ filter: /.*/, namespace: nativeNamespace }, ({ path }) => ({
    contents: `module.exports = require(${JSON.stringify(path)});`,
    loader: "js",
  }));
  build.onResolve({ filter: /\.node$/, namespace: nativeNamespace }, ({ path }) => ({ path, external: true }));
}
