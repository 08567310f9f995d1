import { SourceMap } from "node:module";

/** Finds the source of a place in the bundle, both counted from 1. */
export type SourceFinder = (
  line: number,
  column: number,
) => { readonly path: string; readonly line: number } | undefined;

/** Reads a source map once, for many questions. */
export function createSourceFinder(bytes: Uint8Array): SourceFinder {
  const map = new SourceMap(
    JSON.parse(Buffer.from(bytes).toString("utf8")) as ConstructorParameters<typeof SourceMap>[0],
  );
  return (line, column) => {
    const entry = map.findEntry(line - 1, column - 1);
    if (!("originalSource" in entry) || typeof entry.originalSource !== "string") return undefined;
    // Within one long text the map knows the beginning only.
    const below = line - 1 - entry.generatedLine;
    return { path: entry.originalSource.replace(/^(?:\.\.\/)+/, ""), line: entry.originalLine + 1 + below };
  };
}
