import type { Plugin } from "esbuild";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";

/** What stands for the place of a source file, whose own the bundle's is not. */
export const placeMeta = "__trussMeta";
const namespace = "truss-ts-place";

/** esbuild's `define`: applies only where the source does not declare such a name itself. */
export const sourcePlaces: Record<string, string> = {
  "import.meta": placeMeta,
  __dirname: `${placeMeta}.dirname`,
  __filename: `${placeMeta}.filename`,
};

const placeName = /\bimport\s*\.\s*meta\b|\b__(?:dirname|filename)\b/;

const code = /\.[cm]?[jt]sx?$/;

/** Whether a source asks where it is, or seems to: a mention in a comment counts. */
export function usesPlace(file: string, text: string): boolean {
  return code.test(file) && placeName.test(text);
}

/**
 * Keeps `import.meta.url` and its kin at the original file, so that `new URL("./labels.txt", import.meta.url)` finds
 * what lies beside the source. The import that brings the value is added at the end of the file, where it moves no line.
 *
 * @param files absolute paths of the only ones that want it; without them each source is looked at
 */
export function createSourcePlacesPlugin(files?: ReadonlySet<string>): Plugin {
  return {
    name: "truss-ts-source-places",
    setup(build) {
      const filter = files === undefined ? code : matchAny(files);
      if (files?.size === 0) return;
      build.onLoad({ filter, namespace: "file" }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        if (!usesPlace(path, text)) return undefined;
        const specifier = JSON.stringify(`${namespace}:${path}`);
        return { contents: `${text}\n;import { ${placeMeta} } from ${specifier};`, loader: "default" };
      });
      build.onResolve({ filter: new RegExp(`^${namespace}:`) }, ({ path }) => ({
        path: path.slice(namespace.length + 1),
        namespace,
        sideEffects: false,
      }));
      build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({ contents: createPlace(path), loader: "js" }));
    },
  };
}

/** Written so that Go, which esbuild is made with, reads it as JavaScript does. */
function matchAny(files: ReadonlySet<string>): RegExp {
  const escaped = [...files].map((file) => file.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^(?:${escaped.join("|")})$`);
}

function createPlace(path: string): string {
  const url = JSON.stringify(pathToFileURL(path).href);
  return `export const ${placeMeta} = {
    url: ${url},
    dirname: ${JSON.stringify(dirname(path))},
    filename: ${JSON.stringify(path)},
    resolve: (specifier) => /^\\.{0,2}\\//.test(specifier) ? new URL(specifier, ${url}).href : __trussResolve(specifier),
  };`;
}
