import { type BuildFailure, type BuildResult, build } from "esbuild";
import { join } from "node:path";
import type { Project } from "../../project/types.ts";
import { sourcePlaces } from "../source-places.ts";
import { createEntry, entryName } from "./entry.ts";
import type { Layout, PackagePlace } from "./layout.ts";
import { createArtifactPlacesPlugin, stageRelative } from "./places.ts";
import { type ArtifactLog, createArtifactLog, createArtifactResolvePlugin } from "./resolve.ts";
import type { ArtifactOptions } from "./types.ts";

/** The stage path of what is built. */
export const serverFile = "model/server.mjs";

/** One attempt: with packages outside as far as they are known to have to be. */
export interface Attempt {
  readonly log: ArtifactLog;
  readonly outcome: BuildResult | BuildFailure;
}

export async function attemptBuild(
  project: Project,
  options: ArtifactOptions,
  layout: Layout,
  staysOutside: (place: PackagePlace) => boolean,
): Promise<Attempt> {
  const log = createArtifactLog();
  const placeOf = (file: string) => stageRelative(serverFile, layout.stagePath(file));
  const outcome = await build({
    absWorkingDir: project.root,
    stdin: { contents: createEntry(project, options), resolveDir: project.root, sourcefile: entryName, loader: "js" },
    outfile: join(project.root, serverFile),
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    // Those that Node goes by, so that packages are the ones that ran during development.
    conditions: ["node-addons", "module-sync"],
    sourcemap: "external",
    sourcesContent: false,
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
    loader: { ".txt": "text", ".md": "text", ".html": "text", ".csv": "text", ".jinja": "text" },
    define: sourcePlaces,
    plugins: [
      createArtifactResolvePlugin({ project, log, staysOutside, deferred: true }),
      createArtifactPlacesPlugin(placeOf),
    ],
  }).catch((error: unknown) => {
    if (error instanceof Error && "errors" in error) return error as BuildFailure;
    throw error;
  });
  return { log, outcome };
}
