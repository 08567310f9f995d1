import type { BuildResult } from "esbuild";
import { SourceMap } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { Project } from "../../project/types.ts";
import type { Attempt, Target } from "./build.ts";
import { findInstalled } from "./closure.ts";
import { findCodeSigns } from "./code-signs.ts";
import { entryName } from "./entry.ts";
import { type Followed, followReferences } from "./following.ts";
import type { Layout } from "./layout.ts";
import { collectNames } from "./names.ts";
import { isVirtual } from "./neutral.ts";
import { findReferences } from "./references.ts";
import { splitSections } from "./sections.ts";
import type { ArtifactWarning } from "./types.ts";

/** What the code of one target shows. */
export interface Reading extends Omit<Followed, "doubts"> {
  readonly target: Target;
  readonly code: string;
  readonly map: string;
  /** esbuild's names of the modules. */
  readonly modules: readonly string[];
  /** Absolute paths of the sources of which something got into it. */
  readonly kept: readonly string[];
  /** Why packages cannot be in it, by their folders. */
  readonly signs: ReadonlyMap<string, string>;
  readonly warnings: readonly ArtifactWarning[];
}

const lookedUp = "looked up by its name";

export function readAttempt(project: Project, layout: Layout, { target, log }: Attempt, built: BuildResult): Reading {
  const text = (ending: string) => built.outputFiles?.find(({ path }) => path.endsWith(ending))?.text ?? "";
  const [code, map] = [text(".mjs"), text(".mjs.map")];
  const modules = Object.keys(built.metafile?.inputs ?? {}).filter((input) => input !== entryName);
  const sections = splitSections(code, project.root, new Set(modules));
  const stagedPlaceOf = (file: string) => `/${layout.stagePath(file)}`;
  const names = collectNames(sections, stagedPlaceOf);
  const references = findReferences(sections.own, names);
  const signs = findCodeSigns(sections, names);
  for (const { name, specifier, source } of references.lookups) {
    const folder = findInstalled(dirname(source), name);
    if (folder === undefined) continue;
    signs.set(folder, lookedUp);
    const use = log.outside.get(folder) ?? { name, specifiers: new Set<string>() };
    use.specifiers.add(specifier);
    log.outside.set(folder, use);
  }
  const { doubts, needed, ...followed } = followReferences(project, layout, target.file, references);
  const locate = createLocator(map, code, join(project.root, dirname(target.file)), layout);
  const inOrder = doubts.toSorted((left, right) => left.offset - right.offset);
  const warnings = inOrder.map(({ offset, message, hint }) => ({ message, hint, ...locate(offset) }));
  return {
    target,
    code,
    map,
    modules,
    kept: listKept(project, built),
    signs,
    warnings,
    ...followed,
    needed: new Set([...needed, ...log.addons]),
  };
}

function listKept({ root }: Project, { metafile }: BuildResult): string[] {
  return Object.values(metafile?.outputs ?? {}).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([input, { bytesInOutput }]) =>
      bytesInOutput > 0 && !isVirtual(input) && input !== entryName ? [resolve(root, input)] : [],
    ),
  );
}

/** @param folder where esbuild believes the code to be */
function createLocator(map: string, code: string, folder: string, layout: Layout) {
  let parsed: SourceMap | undefined;
  return (offset: number): { file?: string; line?: number } => {
    parsed ??= new SourceMap(JSON.parse(map) as ConstructorParameters<typeof SourceMap>[0]);
    const before = code.slice(0, offset).split("\n");
    const entry = parsed.findEntry(before.length - 1, before.at(-1)?.length ?? 0);
    if (!("originalSource" in entry)) return {};
    return { file: layout.sourceName(resolve(folder, entry.originalSource)), line: entry.originalLine + 1 };
  };
}
