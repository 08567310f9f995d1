import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild";
import { realpathSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, isAbsolute, join } from "node:path";
import type { Project } from "../../project/types.ts";
import { completeSubpath, describeUnresolved, findPackageFolder, passed } from "../resolve.ts";
import { readsFiles } from "./code-signs.ts";
import { placeFinder } from "./places.ts";
import { type PackagePlace, findPackage } from "./layout.ts";

/** What one build has met. */
export interface ArtifactLog {
  /** Absolute paths of what was read. */
  readonly inputs: Set<string>;
  readonly packages: { readonly found: Set<string>; readonly missing: Map<string, string> };
  /** Absolute paths of compiled addons beside the sources. */
  readonly addons: Set<string>;
  /** Packages outside by their folders, with the specifiers that lead there. */
  readonly outside: Map<string, { readonly name: string; readonly specifiers: Set<string> }>;
  /** Packages that turned out to be no good for the bundle, by their folders, and why. */
  readonly signs: Map<string, string>;
}

export function createArtifactLog(): ArtifactLog {
  const packages = { found: new Set<string>(), missing: new Map<string, string>() };
  return { inputs: new Set(), addons: new Set(), packages, outside: new Map(), signs: new Map() };
}

export interface ArtifactResolveOptions {
  readonly project: Project;
  readonly log: ArtifactLog;
  /** Whether the package that lies in a folder stays outside. */
  readonly staysOutside: (place: PackagePlace) => boolean;
  /** The path of a file's place, relative to the built file. */
  readonly placeOf: (file: string) => string;
  /** Whether imports of packages outside are held back until the model's process asks for them. */
  readonly deferred: boolean;
}

/** Where the built file keeps what it has loaded of the packages outside. */
export const outsideRegistry = "__trussOutside";

const outsideNamespace = "truss-ts-outside";
const liveNamespace = "truss-ts-live";
const addonNamespace = "truss-ts-addon";

/** The runtime's own packages: whatever else happens to them, the runtime takes its copies along. */
export const runtimePackages: ReadonlySet<string> = new Set([
  "truss-ts",
  "hono",
  "@hono/node-server",
  "@msgpack/msgpack",
  "ws",
]);
/** What `ws` would take for a little speed, where somebody has it: no two machines would build the same. */
const ignoredExtras = new Set(["bufferutil", "utf-8-validate"]);

/** Decides for each import of a package whether it goes into the bundle or stays outside. */
export function createArtifactResolvePlugin(options: ArtifactResolveOptions): Plugin {
  return {
    name: "truss-ts-artifact-resolve",
    setup(build) {
      build.onResolve({ filter: /^[^./]/, namespace: "file" }, (args) => resolveBare(build, options, args));
      build.onLoad({ filter: /.*/, namespace: "file" }, ({ path }) => {
        options.log.inputs.add(path);
        return undefined;
      });
      addAssets(build, options);
      addDeferred(build);
    },
  };
}

async function resolveBare(
  build: PluginBuild,
  options: ArtifactResolveOptions,
  args: OnResolveArgs,
): Promise<OnResolveResult | undefined> {
  if (args.kind === "entry-point" || args.pluginData === passed || isAbsolute(args.path)) return undefined;
  if (isBuiltin(args.path) || /^(?:node|file|data|https?):/.test(args.path)) return { path: args.path, external: true };
  // What is looked up is a file's place: the built code is read for it.
  if (args.kind === "require-resolve") return { path: args.path, external: true };
  const { project, log } = options;
  const { importer, resolveDir, kind, with: attributes } = args;
  const from = findPackage(importer);
  if (from?.name === "ws" && ignoredExtras.has(args.path)) return { path: args.path, external: true };
  const found = await build.resolve(args.path, { importer, resolveDir, kind, with: attributes, pluginData: passed });
  if (found.errors.length > 0) {
    // A package may well know how to do without another; what it imports for certain it cannot.
    if (from !== undefined && kind === "import-statement")
      log.signs.set(from.folder, `imports ${args.path}, which is not there`);
    return describeUnresolved(project, log, args, found);
  }
  if (found.external) return { path: found.path, external: true };
  const place = findPackage(found.path);
  if (place === undefined) return undefined;
  log.packages.found.add(found.path);
  if (belongsToRuntime(from, place) || !options.staysOutside(place)) return undefined;
  return takeOutside(options, args, place, found.path, found.sideEffects);
}

function belongsToRuntime(from: PackagePlace | undefined, place: PackagePlace): boolean {
  return (
    place.name === "truss-ts" ||
    (from !== undefined && runtimePackages.has(from.name) && runtimePackages.has(place.name))
  );
}

function takeOutside(
  options: ArtifactResolveOptions,
  args: OnResolveArgs,
  place: PackagePlace,
  path: string,
  sideEffects: boolean,
): OnResolveResult {
  const { project, log } = options;
  const from = findPackage(args.importer);
  const seen = findPackageFolder(dirname(project.modelFile), place.name);
  if (from !== undefined && (seen === undefined || realpathSync(seen) !== place.folder)) {
    // It would not be found, or another one in its place, from where the bundle is.
    log.signs.set(from.folder, `needs its own ${place.name}`);
  }
  const isRequired = args.kind.startsWith("require");
  const specifier = isRequired ? args.path : completeSubpath(args, path);
  const use = log.outside.get(place.folder) ?? { name: place.name, specifiers: new Set<string>() };
  use.specifiers.add(specifier);
  log.outside.set(place.folder, use);
  if (options.deferred && args.kind === "import-statement") {
    return { path: specifier, namespace: outsideNamespace, sideEffects };
  }
  return { path: specifier, external: true };
}

/** A static import of a package outside must not be one in the built file, whose top every process runs. */
function addDeferred(build: PluginBuild): void {
  build.onLoad({ filter: /.*/, namespace: outsideNamespace }, ({ path }) => {
    const live = JSON.stringify(`${liveNamespace}:${path}`);
    return { contents: `export * from ${live};\nexport { default } from ${live};`, loader: "js" };
  });
  build.onResolve({ filter: new RegExp(`^${liveNamespace}:`), namespace: outsideNamespace }, ({ path }) => ({
    path: path.slice(liveNamespace.length + 1),
    namespace: liveNamespace,
    sideEffects: false,
  }));
  build.onLoad({ filter: /.*/, namespace: liveNamespace }, ({ path }) => ({
    contents: `module.exports = ${outsideRegistry}[${JSON.stringify(path)}];`,
    loader: "js",
  }));
}

const assets =
  /\.(?:node|wasm|wat|txt|md|html|css|csv|tsv|jinja|ya?ml|toml|xml|svg|png|jpe?g|gif|bin|dat|data|gz|onnx|proto)$/;

/**
 * A package that imports what is no JavaScript wants another bundler, or none. A compiled addon beside the user's
 * sources is required from where it comes to lie.
 */
function addAssets(build: PluginBuild, { log, placeOf }: ArtifactResolveOptions): void {
  build.onResolve({ filter: assets, namespace: "file" }, async (args) => {
    if (args.pluginData === passed || !/^\.{1,2}\//.test(args.path)) return undefined;
    const from = findPackage(args.importer);
    if (from !== undefined) {
      log.signs.set(from.folder, args.path.endsWith(".node") ? "native code" : readsFiles);
      return { path: args.path, external: true };
    }
    return args.path.endsWith(".node")
      ? { path: join(args.resolveDir, args.path), namespace: addonNamespace }
      : undefined;
  });
  build.onLoad({ filter: /.*/, namespace: addonNamespace }, ({ path }) => {
    log.addons.add(path);
    return {
      contents: `module.exports = require(${placeFinder}(${JSON.stringify(placeOf(path))}).filename);`,
      loader: "js",
    };
  });
}
