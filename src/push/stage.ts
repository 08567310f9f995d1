import { type Artifact, buildArtifact } from "../bundle/artifact.ts";
import { readFileSync } from "node:fs";
import { TrussError } from "../errors.ts";
import type { EndpointReport, Reporter } from "../events.ts";
import type { Project } from "../project/types.ts";
import { digestArchive } from "./archive.ts";
import { collectFiles } from "./collection.ts";
import { readIgnoreRules, readPatterns } from "./ignore.ts";
import { listSome } from "./list-some.ts";
import { planInstallation } from "./lockfile.ts";
import { refuseSecrets } from "./secrets.ts";
import { configFile, serverFile, serverMapFile } from "./stage-paths.ts";
import { textFile } from "./staged-file.ts";
import { type StagedConfig, createStagedConfig } from "./staged-config.ts";
import { keepFromTruss } from "./truss-defaults.ts";
import type { Installation, Stage, StagedFile } from "./types.ts";

export interface StageOptions {
  readonly endpoints: readonly EndpointReport[];
  readonly report: Reporter;
  readonly signal: AbortSignal;
  /** Paths relative to the project that are staged although they look like secrets. */
  readonly allowed: readonly string[];
  /** Nobody may be there to read a warning: packages that no lockfile pins are refused. */
  readonly strict: boolean;
}

/**
 * Everything that is pushed, whatever the target: built, listed and known by its digest. Nothing is written.
 *
 * @throws TrussError BUILD_FAILED, STAGE_SECRET, STAGE_CONFLICT, LOCKFILE_MISSING, PACKAGE_UNSUITABLE
 */
export async function createStage(project: Project, options: StageOptions): Promise<Stage> {
  const { report, signal, endpoints } = options;
  report({ event: "step", message: "Bundling the model" });
  const { port } = await stageConfig(project, endpoints);
  const built = await build(project, port, report);
  signal.throwIfAborted();
  const plan = await planInstallation(project, built.outside, options);
  plan?.warnings.forEach(report);
  const config = await stageConfig(project, endpoints, plan?.installation);
  const made = [
    textFile(configFile, config.text),
    textFile(serverFile, built.code),
    textFile(serverMapFile, built.map),
    ...built.files.map(({ path, text }) => textFile(path, text)),
    ...(plan?.files ?? []),
  ];
  report({ event: "step", message: "Collecting the files" });
  const files = collect(project, built, config, made, options);
  await refuseSecrets({
    root: project.root,
    secrets: project.config.secrets,
    files,
    allowed: new Set(options.allowed),
    signal,
  });
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const { digest, size: archiveSize } = await digestArchive(files, { signal, onBytes: countBytes(report, size) });
  const installation = plan === undefined ? {} : { installation: plan.installation };
  return {
    project,
    config,
    endpoints,
    files,
    size,
    digest,
    archiveSize,
    port,
    ...installation,
    bundled: built.bundled,
  };
}

async function stageConfig(project: Project, endpoints: Stage["endpoints"], installation?: Installation) {
  const text = readFileSync(project.configFile, "utf8");
  const install = installation === undefined ? {} : { installCommand: installation.command };
  return createStagedConfig({ text, endpoints, ...install });
}

async function build(project: Project, port: number, report: Reporter): Promise<Artifact> {
  const built = await buildArtifact(project, { port });
  if (built.ok) {
    for (const { message, hint, file, line } of built.warnings) {
      const place = file === undefined ? "" : `${file}${line === undefined ? "" : `:${line}`}: `;
      report({ event: "warning", message: place + message, ...(hint === undefined ? {} : { hint }) });
    }
    return built;
  }
  const [first] = built.errors;
  const { message = "the model could not be built", file, line, column } = first ?? {};
  throw new TrussError("BUILD_FAILED", message, {
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  });
}

/** What was made and what the project has, in the order of an archive. */
function collect(
  project: Project,
  built: Artifact,
  config: StagedConfig,
  made: readonly StagedFile[],
  { allowed, report }: StageOptions,
): StagedFile[] {
  for (const message of config.warnings) report({ event: "warning", message });
  const rules = readIgnoreRules(project.root, new Set(allowed));
  const found = collectFiles({ project, rules, sources: built.inputs, copies: built.copies, named: config.files });
  found.warnings.forEach(report);
  requireNew(made, found.files);
  return withKeeper(project, [...made, ...found.files], report).sort(byBytes);
}

/** What we make has its place; a file of the project's with the same name would be lost. */
function requireNew(made: readonly StagedFile[], found: readonly StagedFile[]): void {
  const taken = new Set(made.map(({ path }) => path));
  const twin = found.find(({ path }) => taken.has(path));
  if (twin === undefined) return;
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
      message: `By their names Truss would leave out ${listSome(unasked)}; a .truss_ignore goes along that keeps what is pushed.`,
      hint: "name them in .trussignore if the model does not need them, or call them something else",
    });
  }
  return [...files, textFile(".truss_ignore", `${lines.join("\n")}\n`)];
}

/** The same order on every machine, whatever its language. */
function byBytes(left: StagedFile, right: StagedFile): number {
  return Buffer.compare(Buffer.from(left.path), Buffer.from(right.path));
}

function countBytes(report: Reporter, total: number): (count: number) => void {
  let done = 0;
  return (count) => {
    done += count;
    report({ event: "progress", task: "Reading", done, total });
  };
}
