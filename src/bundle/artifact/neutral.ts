import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { type Layout, findPackage } from "./layout.ts";

/**
 * Calls each module by the name that it has on every machine, where esbuild writes its path: in the comment before it
 * and in the key of its wrapper. Lines stay where they are.
 *
 * @param inputs esbuild's names of the modules, relative to the project
 */
export function neutralCode(code: string, root: string, inputs: readonly string[], layout: Layout): string {
  const names = new Map<string, string>();
  for (const input of inputs) names.set(input, neutralName(input, root, layout));
  return code
    .split("\n")
    .map((line) => {
      const comment = /^\/\/ (.*)$/.exec(line)?.[1];
      if (comment !== undefined) return `// ${names.get(comment) ?? comment}`;
      const [whole, start = "", key = ""] = /^( {2}(?:async )?)("(?:[^"\\]|\\.)*")(?=\()/.exec(line) ?? [];
      const name = whole === undefined ? undefined : names.get(String(JSON.parse(key)));
      return name === undefined || whole === undefined ? line : start + JSON.stringify(name) + line.slice(whole.length);
    })
    .join("\n");
}

/**
 * A source map whose sources are named relative to the project.
 *
 * @param file the stage path of the code that it belongs to
 * @param folder where esbuild believes the code to be; absolute
 * @param linesBefore how many lines were put before the code
 */
export function neutralMap(map: string, place: { file: string; folder: string; linesBefore: number }, layout: Layout) {
  const parsed = JSON.parse(map) as { readonly sources: readonly string[]; readonly mappings: string; names: unknown };
  const sources = parsed.sources.map((source) => sourceName(source, place.folder, layout));
  const sourceRoot = "../".repeat(place.file.split("/").length - 1);
  const mappings = ";".repeat(place.linesBefore) + parsed.mappings;
  return `${JSON.stringify({ version: 3, sourceRoot, sources, names: parsed.names, mappings })}\n`;
}

/** Packages bring maps of their own, which may name files that are nowhere. */
function sourceName(source: string, folder: string, layout: Layout): string {
  const file = resolve(folder, source);
  const isSomewhere = isVirtual(source) || findPackage(file) !== undefined || existsSync(file);
  return isSomewhere ? neutralName(source, folder, layout) : `node_modules/${basename(file)}`;
}

/** Modules that stand in no file have the namespace of their plugin before them. */
export function isVirtual(input: string): boolean {
  return /^(?:truss-ts-[a-z]+|\(disabled\)):/.test(input);
}

function neutralName(input: string, root: string, layout: Layout): string {
  if (!isVirtual(input)) return layout.sourceName(resolve(root, input));
  const [, namespace = "", path = ""] = /^([^:]+):(.*)$/.exec(input) ?? [];
  // A place is named by an absolute path.
  return resolve(path) === path ? `${namespace}:${layout.sourceName(path)}` : input;
}
