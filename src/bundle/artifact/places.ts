import type { Plugin } from "esbuild";
import { readFile } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import { placeMeta, usesPlace } from "../source-places.ts";

/** The modules that stand for the places of sources; what follows is the source's absolute path. */
export const placeNamespace = "truss-ts-place";

/** The function of the preamble that finds a place when the artefact runs. */
export const placeFinder = "__trussPlace";

/**
 * Gives each source that asks for it its place where the artefact lies: `import.meta.url` and its kin are worked out
 * at run time from where the built file is.
 *
 * @param placeOf the path of a source's place, relative to the built file
 */
export function createArtifactPlacesPlugin(placeOf: (file: string) => string): Plugin {
  return {
    name: "truss-ts-artifact-places",
    setup(build) {
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: "file" }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        if (!usesPlace(path, text)) return undefined;
        const specifier = JSON.stringify(`${placeNamespace}:${path}`);
        return { contents: `${text}\n;import { ${placeMeta} } from ${specifier};`, loader: "default" };
      });
      build.onResolve({ filter: new RegExp(`^${placeNamespace}:`) }, ({ path }) => ({
        path: path.slice(placeNamespace.length + 1),
        namespace: placeNamespace,
        sideEffects: false,
      }));
      build.onLoad({ filter: /.*/, namespace: placeNamespace }, ({ path }) => ({
        contents: `export const ${placeMeta} = /* @__PURE__ */ ${placeFinder}(${JSON.stringify(placeOf(path))});`,
        loader: "js",
      }));
    },
  };
}

/** From one path of the stage to another, as a relative path with forward slashes. */
export function stageRelative(from: string, to: string): string {
  const path = relative(dirname(from), to).split(sep).join("/");
  return path.startsWith(".") ? path : `./${path}`;
}
