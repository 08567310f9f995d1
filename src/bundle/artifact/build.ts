import { type BuildFailure, type BuildOptions, type BuildResult, build } from "esbuild";
import { join } from "node:path";
import { projectPath } from "../../lib/paths.ts";
import type { Project } from "../../project/types.ts";
import { sharedOptions } from "../shared-options.ts";
import { createEntry, entryName } from "./entry.ts";
import type { Layout, PackagePlace } from "./layout.ts";
import { createArtifactPlacesPlugin, stageRelative } from "./places.ts";
import { type ArtifactLog, createArtifactLog, createArtifactResolvePlugin } from "./resolve.ts";
import type { ArtifactOptions } from "./types.ts";

/** One built file: the server, or a source that is started by itself. */
export interface Target {
  /** Relative to the stage. */
  readonly file: string;
  /** Absolute path of the source; absent for the server, which begins with a module of ours. */
  readonly source?: string;
}

export const server: Target = { file: "model/server.mjs" };

/** One attempt at one target: with packages outside as far as they are known to have to be. */
export interface Attempt {
  readonly target: Target;
  readonly log: ArtifactLog;
  readonly outcome: BuildResult | BuildFailure;
}

export interface AttemptOptions {
  readonly project: Project;
  readonly options: ArtifactOptions;
  readonly layout: Layout;
  readonly staysOutside: (place: PackagePlace) => boolean;
}

export async function attemptBuild(target: Target, attempt: AttemptOptions): Promise<Attempt> {
  const { project, layout, staysOutside } = attempt;
  const log = createArtifactLog();
  const placeOf = (file: string) => stageRelative(target.file, layout.stagePath(file));
  const settings: BuildOptions = {
    ...sharedOptions,
    absWorkingDir: project.root,
    ...entryOf(target, attempt),
    outfile: join(project.root, target.file),
    metafile: true,
    // Those that Node goes by, so that packages are the ones that ran during development.
    conditions: ["node-addons", "module-sync"],
    plugins: [
      createArtifactResolvePlugin({ project, log, staysOutside, placeOf, deferred: target.source === undefined }),
      createArtifactPlacesPlugin(placeOf),
    ],
  };
  return { target, log, outcome: await build(settings).catch(keepFailure) };
}

function entryOf({ source }: Target, { project, options }: AttemptOptions): BuildOptions {
  // Relative: in a folder's name esbuild would take a `*` for a pattern.
  if (source !== undefined) return { entryPoints: [`./${projectPath(project.root, source)}`] };
  const contents = createEntry(project, options);
  return { stdin: { contents, resolveDir: project.root, sourcefile: entryName, loader: "js" } };
}

function keepFailure(error: unknown): BuildFailure {
  if (error instanceof Error && "errors" in error) return error as BuildFailure;
  throw error;
}
