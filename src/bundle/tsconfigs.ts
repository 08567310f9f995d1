import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

/**
 * The `tsconfig.json` that rules each of the folders, and all that these extend, as absolute paths. A base file that is
 * not there is among them, under the name that it would have.
 */
export function findTsconfigs(folders: Iterable<string>): string[] {
  const found = new Set<string>();
  const visited = new Set<string>();
  for (let folder of folders) {
    while (!visited.has(folder)) {
      visited.add(folder);
      const file = join(folder, "tsconfig.json");
      if (existsSync(file)) addWithBases(file, found);
      if (found.has(file)) break;
      folder = dirname(folder);
    }
  }
  return [...found];
}

/** Where `paths` send an import, as absolute paths without an ending; none where no pattern is meant for it. */
export function findAliasTargets(folder: string, specifier: string): string[] {
  for (const file of findTsconfigs([folder])) {
    const options = property(readJsonc(file), "compilerOptions");
    const base = resolve(dirname(file), String(property(options, "baseUrl") ?? "."));
    for (const [pattern, targets] of Object.entries(Object(property(options, "paths")))) {
      const [start = "", end] = pattern.split("*");
      const matches =
        end === undefined ? specifier === pattern : specifier.startsWith(start) && specifier.endsWith(end);
      if (!matches || pattern === "*") continue;
      const rest = specifier.slice(start.length, specifier.length - (end?.length ?? 0));
      return [targets].flat().map((target) => resolve(base, String(target).replace("*", rest)));
    }
  }
  return [];
}

function addWithBases(file: string, found: Set<string>): void {
  if (found.has(file)) return;
  found.add(file);
  // One base or, since TypeScript 5, several.
  for (const base of [property(readJsonc(file), "extends")].flat()) {
    if (typeof base === "string") addWithBases(resolveBase(file, base), found);
  }
}

/** A path, with or without its ending, or a package's file, where a package by itself means its `tsconfig.json`. */
function resolveBase(from: string, base: string): string {
  const load = createRequire(from);
  for (const name of [base, `${base}.json`, `${base}/tsconfig.json`]) {
    try {
      const found = load.resolve(name);
      if (found.endsWith(".json")) return found;
    } catch {
      continue;
    }
  }
  const isPath = /^(?:\.{0,2}[/\\]|[A-Za-z]:)/.test(base);
  const file = base.endsWith(".json") ? base : `${base}.json`;
  return isPath ? resolve(dirname(from), file) : join(dirname(from), "node_modules", file);
}

/** JSON as TypeScript takes it: with comments, and with a comma after the last item. */
function readJsonc(file: string): unknown {
  const strings = /("(?:[^"\\\n]|\\.)*")|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  const commas = /("(?:[^"\\\n]|\\.)*")|,(?=\s*[\]}])/g;
  const keep = (_match: string, string: string | undefined) => string ?? "";
  try {
    const text = readFileSync(file, "utf8").replace(/^\uFEFF/, "");
    return JSON.parse(text.replaceAll(strings, keep).replaceAll(commas, keep));
  } catch {
    return undefined;
  }
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
