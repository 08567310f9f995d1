import { readFileSync } from "node:fs";
import { type Artifact, buildArtifact } from "../bundle/artifact.ts";
import { buildStandIn } from "../bundle/artifact-stand-in.ts";
import { TrussError } from "../errors.ts";
import type { EndpointReport, Reporter } from "../events.ts";
import type { Project } from "../project/types.ts";
import { digestArchive } from "./archive.ts";
import { collectFiles } from "./collection.ts";
import { readIgnoreRules, readPatterns } from "./ignore.ts";
import { listSome } from "./list-some.ts";
import { keepFromTruss } from "./truss-defaults.ts";
import type { Stage, StagedFile } from "./types.ts";

export interface StageOptions {
  readonly endpoints: readonly EndpointReport[];
  readonly report: Reporter;
  readonly signal: AbortSignal;
  /** Paths relative to the project that are staged although they look like secrets. */
  readonly allowed: readonly string[];
  /** Absolute paths that are no part of the project, such as where the result goes. */
  readonly except: readonly string[];
}

/**
 * Everything that is pushed, whatever the target: built, listed and known by its digest. Nothing is written.
 *
 * @throws TrussError BUILD_FAILED, STAGE_SECRET, STAGE_CONFLICT, LOCKFILE_MISSING, PACKAGE_UNSUITABLE
 */
export async function createStage(project: Project, options: StageOptions): Promise<Stage> {
  const { report, signal, endpoints } = options;
  report({ event: "step", message: "Bundling the model" });
  const port = 8000;
  const built = await buildModel(project, port);
  signal.throwIfAborted();
  const made = [
    textFile("model/server.mjs", built.code),
    textFile("model/server.mjs.map", built.map),
    ...built.files.map(({ path, text }) => textFile(path, text)),
    textFile("config.yaml", readFileSync(project.configFile, "utf8")),
  ];
  const rules = readIgnoreRules(project.root, new Set(options.allowed));
  const found = collectFiles({ project, rules, except: options.except, sources: built.inputs });
  found.warnings.forEach(report);
  const files = withKeeper(project, [...made, ...requireNew(made, found.files)], report).sort(byBytes);
  const size = files.reduce((sum, file) => sum + file.size, 0);
  report({ event: "step", message: "Reading the files" });
  let done = 0;
  const onBytes = (count: number) => report({ event: "progress", task: "reading", done: (done += count), total: size });
  const { digest, size: archiveSize } = await digestArchive(files, { signal, onBytes });
  return { project, endpoints, files, size, digest, archiveSize, port, bundled: built.bundled };
}

async function buildModel(project: Project, port: number): Promise<Artifact> {
  const built = await buildArtifact(project, { port });
  if (built.ok) return built;
  const [first] = built.errors;
  if (first?.message.endsWith("cannot be packaged yet") === true) return buildStandIn(project, port);
  const { message = "the model could not be built", file, line, column } = first ?? {};
  throw new TrussError("BUILD_FAILED", message, {
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  });
}

function textFile(path: string, text: string): StagedFile {
  const bytes = new TextEncoder().encode(text);
  return { path, mode: 0o644, size: bytes.byteLength, content: { kind: "bytes", bytes } };
}

/** What we make has its place; a file of the project's with the same name would be lost. */
function requireNew(made: readonly StagedFile[], found: readonly StagedFile[]): readonly StagedFile[] {
  const taken = new Set(made.map(({ path }) => path));
  const twin = found.find(({ path }) => taken.has(path));
  if (twin === undefined) return found;
  throw new TrussError("STAGE_CONFLICT", `push makes a file of its own at ${twin.path}, where the project has one.`, {
    hint: `Rename ${twin.path}, or name it in .trussignore.`,
  });
}

/** Adds what keeps files that Truss would leave out of its build by their names. */
function withKeeper(project: Project, files: readonly StagedFile[], report: Reporter): StagedFile[] {
  const paths = files.map(({ path }) => path);
  const { lines, unasked } = keepFromTruss(paths, readPatterns(project.root, ".truss_ignore"));
  if (lines.length === 0) return [...files];
  if (unasked.length > 0) {
    report({
      event: "warning",
      message: `Truss leaves out files with names like these: ${listSome(unasked)}. The stage has a .truss_ignore that keeps them.`,
      hint: "name them in .trussignore if the model does not need them, or give them other names",
    });
  }
  return [...files, textFile(".truss_ignore", `${lines.join("\n")}\n`)];
}

/** The same order on every machine, whatever its language. */
function byBytes(left: StagedFile, right: StagedFile): number {
  return Buffer.compare(Buffer.from(left.path), Buffer.from(right.path));
}
