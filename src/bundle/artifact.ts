import type { BuildFailure, BuildResult } from "esbuild";
import { dirname, join, resolve } from "node:path";
import type { Project } from "../project/types.ts";
import { type Attempt, attemptBuild, serverFile } from "./artifact/build.ts";
import { type Judge, createJudge } from "./artifact/judge.ts";
import { type Layout, createLayout, findPackage } from "./artifact/layout.ts";
import { isVirtual, neutralCode, neutralMap } from "./artifact/neutral.ts";
import { createPreamble } from "./artifact/preamble.ts";
import { entryName } from "./artifact/entry.ts";
import { listCopies } from "./artifact/copies.ts";
import { nodeInterop } from "./artifact/interop.ts";
import type { Artifact, ArtifactOptions, ArtifactResult, BundledUse } from "./artifact/types.ts";
import { readBuildErrors } from "./errors.ts";
import { findTsconfigs } from "./tsconfigs.ts";

export type {
  Artifact,
  ArtifactOptions,
  ArtifactResult,
  ArtifactWarning,
  BuiltFile,
  BundledUse,
  CopiedFile,
  OutsideUse,
} from "./artifact/types.ts";

/**
 * Builds the one file that holds the model and the runtime, `model/server.mjs`, and says what must go along with it.
 * The same inputs give the same bytes, wherever they lie. What is wrong with the sources is in the result.
 */
export async function buildArtifact(project: Project, options: ArtifactOptions = {}): Promise<ArtifactResult> {
  const layout = createLayout(project);
  const judge = createJudge(project);
  for (;;) {
    const attempt = await attemptBuild(project, options, layout, judge.staysOutside);
    // Each round puts at least one more package outside, and there are only so many.
    if (judge.learn(attempt)) continue;
    if (attempt.outcome instanceof Error) return describeFailure(project, attempt, attempt.outcome);
    return describeSuccess(project, attempt, attempt.outcome, layout, judge);
  }
}

function describeFailure(project: Project, { log }: Attempt, { errors }: BuildFailure): ArtifactResult {
  return { ok: false, errors: readBuildErrors(project.root, errors).errors, inputs: [...log.inputs].sort() };
}

function describeSuccess(
  project: Project,
  { log }: Attempt,
  outcome: BuildResult,
  layout: Layout,
  judge: Judge,
): Artifact {
  const read = Object.keys(outcome.metafile?.inputs ?? {}).filter((input) => input !== entryName);
  const files = read.filter((input) => !isVirtual(input)).map((input) => resolve(project.root, input));
  const text = (ending: string) => outcome.outputFiles?.find(({ path }) => path.endsWith(ending))?.text ?? "";
  const body = nodeInterop(neutralCode(text(".mjs"), project.root, read, layout));
  const preamble = createPreamble(body);
  const folder = dirname(join(project.root, serverFile));
  const linesBefore = preamble.split("\n").length - 1;
  const kept = listKept(project, outcome);
  return {
    ok: true,
    code: `${preamble}${body}//# sourceMappingURL=server.mjs.map\n`,
    map: neutralMap(text(".mjs.map"), { file: serverFile, folder, linesBefore }, layout),
    files: [],
    outside: judge.describeOutside(log),
    bundled: listBundled(kept, judge),
    copies: listCopies(project, layout, new Set(kept)),
    inputs: [...new Set([...files, ...findTsconfigs(new Set(files.map((file) => dirname(file))))])].sort(),
    warnings: [],
  };
}

/** Absolute paths of the sources of which something is in the built file. */
function listKept({ root }: Project, { metafile }: BuildResult): string[] {
  return Object.values(metafile?.outputs ?? {}).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([input, { bytesInOutput }]) =>
      bytesInOutput > 0 && !isVirtual(input) && input !== entryName ? [resolve(root, input)] : [],
    ),
  );
}

function listBundled(files: readonly string[], judge: Judge): BundledUse[] {
  const folders = new Map<string, string>();
  for (const file of files) {
    const place = findPackage(file);
    if (place !== undefined) folders.set(place.folder, place.name);
  }
  const uses = [...folders].map(([folder, name]) => ({ name, version: judge.infoOf(folder).version }));
  const unique = new Map(uses.map((use) => [`${use.name} ${use.version}`, use]));
  return [...unique].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, use]) => use);
}
