import { dirname, join, resolve } from "node:path";
import type { Project } from "../project/types.ts";
import { type Target, attemptBuild, server } from "./artifact/build.ts";
import { listCopies } from "./artifact/copies.ts";
import { applyEdits, startedFile } from "./artifact/following.ts";
import { nodeInterop } from "./artifact/interop.ts";
import { createJudge } from "./artifact/judge.ts";
import { type Layout, createLayout } from "./artifact/layout.ts";
import { isVirtual, neutralCode, neutralMap } from "./artifact/neutral.ts";
import { createPreamble } from "./artifact/preamble.ts";
import { type Reading, readAttempt } from "./artifact/reading.ts";
import type { ArtifactOptions, ArtifactResult, BuiltFile } from "./artifact/types.ts";
import { describeFailure, findConflicts, findPackageFailures } from "./artifact/failures.ts";
import { findTsconfigs } from "./tsconfigs.ts";

export type { Artifact, ArtifactOptions, ArtifactResult, CopiedFile, OutsideUse } from "./artifact/types.ts";

/**
 * Builds the one file that holds the model and the runtime, `model/server.mjs`, and says what must go along with it.
 * The same inputs give the same bytes, wherever they lie. What is wrong with the sources is in the result.
 */
export async function buildArtifact(project: Project, options: ArtifactOptions = {}): Promise<ArtifactResult> {
  const layout = createLayout(project);
  const judge = createJudge(project);
  const targets = new Map<string, Target>([[server.file, server]]);
  // Each round puts at least one more package outside or brings one more target, and there are only so many.
  for (;;) {
    const build = (target: Target) =>
      attemptBuild(target, { project, options, layout, staysOutside: judge.staysOutside });
    const attempts = await Promise.all([...targets.values()].map(build));
    const logs = attempts.map(({ log }) => log);
    const readings = attempts.flatMap((attempt) =>
      attempt.outcome instanceof Error ? [] : [readAttempt(project, layout, attempt, attempt.outcome)],
    );
    const signs = new Map([
      ...findPackageFailures(project, attempts),
      ...readings.flatMap((reading) => [...reading.signs]),
    ]);
    const learned = judge.learn({ logs, signs, kept: readings.flatMap(({ kept }) => kept) });
    const started = readings
      .flatMap(({ entries }) => [...entries])
      .filter((source) => {
        const file = startedFile(layout, source);
        return !targets.has(file) && targets.set(file, { file, source });
      });
    if (learned || started.length > 0) continue;
    const failure = describeFailure(project, attempts);
    if (failure !== undefined) return failure;
    const outside = judge.describeOutside(logs);
    const errors = findConflicts(outside);
    if (errors.length > 0) return { ok: false, errors, inputs: readings.flatMap(({ kept }) => kept).sort() };
    const bundled = judge.describeBundled(readings.flatMap(({ kept }) => kept));
    return { ok: true, outside, bundled, ...describeFiles(project, layout, readings) };
  }
}

function describeFiles(project: Project, layout: Layout, readings: readonly Reading[]) {
  const files = readings.flatMap((reading) => writeTarget(project, layout, reading));
  const [code, map] = files.map(({ text }) => text);
  const read = readings.flatMap(({ modules }) => modules.filter((input) => !isVirtual(input)));
  const inputs = new Set(read.map((input) => resolve(project.root, input)));
  const built = new Set(readings.flatMap(({ kept }) => kept));
  const needed = new Set(readings.flatMap((reading) => [...reading.needed]));
  return {
    code: code ?? "",
    map: map ?? "",
    files: files.slice(2).sort((left, right) => (left.path < right.path ? -1 : 1)),
    copies: listCopies(project, layout, { needed, built, made: new Set(files.map(({ path }) => path)) }),
    inputs: [...inputs, ...findTsconfigs(new Set([...inputs].map((file) => dirname(file))))].sort(),
    warnings: readings.flatMap(({ warnings }) => warnings),
  };
}

/** The code and its source map, with nothing in them of where they were made. */
function writeTarget(project: Project, layout: Layout, reading: Reading): BuiltFile[] {
  const { file } = reading.target;
  const edited = applyEdits(reading.code, reading.edits);
  const body = nodeInterop(neutralCode(edited, project.root, reading.modules, layout));
  const preamble = createPreamble(body);
  const place = { file, folder: dirname(join(project.root, file)), linesBefore: preamble.split("\n").length - 1 };
  const name = file.slice(file.lastIndexOf("/") + 1);
  return [
    { path: file, text: `${preamble}${body}//# sourceMappingURL=${name}.map\n` },
    { path: `${file}.map`, text: neutralMap(reading.map, place, layout) },
  ];
}
