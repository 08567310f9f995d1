import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { fileURLToPath } from "node:url";
import type { SourceLocation } from "../errors.ts";
import { projectPath } from "../lib/paths.ts";
import type { Frame, ModelStart } from "../runtime/channel.ts";

export interface StuckPlace extends Partial<SourceLocation> {
  readonly stack: string;
}

/** Where in the user's sources these calls are, innermost first. */
export function locateFrames(frames: readonly Frame[], { bundle, root }: ModelStart): StuckPlace {
  const map = readMap(`${bundle}.map`);
  const places = frames.flatMap(({ name, url, line, column }) => {
    const path = toPath(url);
    if (path !== bundle) return [];
    const entry = map?.findEntry(line, column);
    if (entry === undefined || !("originalSource" in entry)) return [];
    const file = projectPath(root, toPath(entry.originalSource));
    return [{ name, file, line: entry.originalLine + 1, column: entry.originalColumn + 1 }];
  });
  const stack = places.map(
    ({ name, file, line, column }) => `  at ${name || "<anonymous>"} (${file}:${line}:${column})`,
  );
  const { name: _name, ...first } = places[0] ?? { name: "" };
  return { ...first, stack: stack.join("\n") };
}

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}

function toPath(url: string): string {
  return url.startsWith("file:") ? fileURLToPath(url) : url;
}
