import { type BuildOptions, type OutputFile, stop } from "esbuild";
import { dirname, join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { projectPath } from "../lib/paths.ts";
import { evaluator } from "../model/evaluator.ts";
import type { Project } from "../project/types.ts";
import { readBuildErrors } from "./errors.ts";
import { createBundleFolder } from "./folder.ts";
import { listPackageFiles } from "./package-files.ts";
import { type BuildKind, createRebuilder } from "./rebuilder.ts";
import { createResolvePlugin, type ResolveLog } from "./resolve.ts";
import { sharedOptions } from "./shared-options.ts";
import { createSourcePlacesPlugin } from "./source-places.ts";
import { findTsconfigs } from "./tsconfigs.ts";
import type { Bundler, BuildResult } from "./types.ts";

export type { BuildResult, Bundler } from "./types.ts";

export interface BundlerOptions {
  /** @default a folder of its own inside the project */
  readonly outDir?: string;
  /** Builds bundles into whose scope code can be brought while they run. @default false */
  readonly patchable?: boolean;
}

/** Bundles a project's own sources into one ES module; packages stay outside, to be imported by Node as ever. */
export async function createBundler(project: Project, options: BundlerOptions = {}): Promise<Bundler> {
  const folder = createBundleFolder(project.root, options.outDir);
  const packages = { found: new Set<string>(), missing: new Map<string, string>() };
  const log: ResolveLog = { inputs: new Set(), externals: new Set(), packages };
  const optionsOf = (kind: BuildKind) => {
    const settings = createOptions(project, folder.path, log, kind);
    return options.patchable === true ? { ...settings, ...patchable } : settings;
  };
  const clear = () => {
    for (const part of [log.inputs, log.externals, packages.found, packages.missing]) part.clear();
  };
  const esbuild = createRebuilder({ root: project.root, optionsOf, clear, inputs: log.inputs });

  const buildOnce = async (): Promise<BuildResult> => {
    const outcome = await esbuild.rebuild();
    const inputs = [...log.inputs, ...findTsconfigs(sourceFolders(project, log))];
    const packageFiles = listPackageFiles(project.root, packages);
    if (outcome instanceof Error) {
      const { errors, candidates } = readBuildErrors(project.root, outcome.errors);
      return { ok: false, errors, inputs: [...inputs, ...candidates], packageFiles };
    }
    const { code, map } = readOutputs(outcome.outputFiles ?? []);
    const externals = [...log.externals].sort();
    const preloads = [...log.packages.found].map((path) => pathToFileURL(path).href).sort();
    return { ok: true, file: folder.write(code, map), code, inputs, packageFiles, externals, preloads };
  };

  let closed: Promise<void> | undefined;
  const queue = createQueue(buildOnce);
  return {
    build: queue.run,
    hold: folder.hold,
    rest: async () => {
      await queue.settle();
      await esbuild.dispose();
      await stop();
    },
    close: () => {
      closed ??= queue.settle().then(async () => {
        await esbuild.dispose();
        folder.remove();
      });
      return closed;
    },
  };
}

function createOptions(project: Project, outDir: string, log: ResolveLog, { placed }: BuildKind) {
  return {
    ...sharedOptions,
    absWorkingDir: project.root,
    // Relative: in the folder's own name esbuild would take a `*` for a pattern.
    entryPoints: [{ in: `./${projectPath(project.root, project.modelFile)}`, out: "model" }],
    outdir: outDir,
    outExtension: { ".js": ".mjs" },
    metafile: placed !== undefined,
    // Node's own conditions: without this esbuild adds "module", which Node does not know.
    conditions: ["node-addons"],
    banner: { js: createBanner(project.root) },
    plugins: [createResolvePlugin(project, outDir, log, placed === undefined), createSourcePlacesPlugin(placed)],
  } satisfies BuildOptions;
}

/** Private members belong to one class for good, unless they are written as what they once were compiled to. */
const privates = ["field", "method", "accessor", "brand-check", "static-field", "static-method", "static-accessor"];
const patchable: BuildOptions = {
  footer: { js: `export const ${evaluator} = (code) => eval(code);` },
  supported: Object.fromEntries(privates.map((kind) => [`class-private-${kind}`, false])),
};

/** Bundled CommonJS calls `require`, which an ES module does not have. */
function createBanner(root: string): string {
  const anchor = JSON.stringify(join(root, "package.json"));
  return (
    'import { createRequire as __trussCreateRequire } from "node:module"; ' +
    `const require = __trussCreateRequire(${anchor}), __trussResolve = import.meta.resolve;`
  );
}

function readOutputs(files: readonly OutputFile[]): { code: string; map: string } {
  const find = (ending: string) => files.find((file) => file.path.endsWith(ending))?.text ?? "";
  return { code: find(".mjs"), map: find(".mjs.map") };
}

function sourceFolders(project: Project, { inputs }: ResolveLog): Set<string> {
  const own = [...inputs].filter((file) => !file.includes(`${sep}node_modules${sep}`));
  return new Set(
    [project.root, project.modelFile, ...own].map((file) => (file === project.root ? file : dirname(file))),
  );
}

/** One build at a time: esbuild would give a call that comes during a build the result from before the edit. */
function createQueue<Result>(work: () => Promise<Result>) {
  let running: Promise<unknown> = Promise.resolve();
  let waiting: Promise<Result> | undefined;
  const run = (): Promise<Result> => {
    if (waiting !== undefined) return waiting;
    const mine = running.then(() => {
      waiting = undefined;
      return work();
    });
    waiting = mine;
    running = mine.catch(() => undefined);
    return mine;
  };
  return { run, settle: () => running.then(() => undefined) };
}
