import { Command, Option } from "commander";
import { type Fault, TrussError, exitCodes } from "../errors.ts";
import type { Project } from "../project/types.ts";
import { createStage } from "../push/stage.ts";
import { targets } from "../push/targets.ts";
import type { Published, Stage, Target } from "../push/types.ts";
import { renderFault } from "../ui/fault.ts";
import { type PushReport, createPushReport } from "../ui/push-report.ts";
import { renderPublished, renderStage, warnOfSize } from "../ui/push-summary.ts";
import { type Findings, inspectProject } from "./inspection.ts";
import { type CommandIo, type CommonOptions, withCommonOptions } from "./io.ts";
import { type Interruption, listenForInterrupt } from "./interrupt.ts";
import { requireName } from "./push-name.ts";
import { type Flags, addTargetOptions, pickTarget, readTargetFlags, visibleOptions } from "./push-options.ts";

interface PushFlags extends CommonOptions {
  readonly target: string;
  readonly dryRun?: boolean;
  readonly config?: string;
  readonly allowSecret?: readonly string[];
}

interface Push {
  readonly io: CommandIo;
  readonly flags: PushFlags;
  readonly target: Target;
  readonly targetFlags: Flags;
  readonly story: PushReport;
  readonly interruption: Interruption;
}

/** `truss-ts push [dir]`: builds a project once, and delivers it. */
export async function createPushCommand(io: CommandIo): Promise<Command> {
  const all = await Promise.all(targets.map((row) => row.load()));
  const command = new Command("push")
    .description("build a project, and deliver it")
    .argument("[dir]", "the project's folder, or one inside it", ".")
    .addOption(new Option("--target <name>", "where to").default(targets[0]?.name ?? ""))
    .option("--config <file>", "another file in place of config.yaml, and delivered under that name")
    .option("--dry-run", "build, list and check everything; write and send nothing")
    .addOption(
      new Option("--allow-secret <path>", "stage this file although it looks like a secret; may be repeated").argParser(
        (path: string, before: readonly string[] = []) => [...before, path],
      ),
    );
  withCommonOptions(command);
  addTargetOptions(command, all);
  command.configureHelp({ visibleOptions: (shown) => visibleOptions(shown, all) });
  return command.addHelpText("after", helpText()).action(async (dir: string, flags: PushFlags) => {
    const target = await pickTarget(flags.target, all);
    const targetFlags = readTargetFlags(command, target, all);
    await push(io, dir, { flags, target, targetFlags });
  });
}

function helpText(): string {
  const width = Math.max(...targets.map(({ name }) => name.length));
  return `
Targets:
${targets.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join("\n")}

The model and the server become one file, model/server.mjs; data/ and what else lies in model/ goes along.
The same project gives the same bytes on every machine, whatever the target. .trussignore (like a .gitignore)
names what stays at home; secrets are refused.

Examples:
  $ truss-ts push                          # a .tar in the working directory
  $ truss-ts push --dry-run                # what would be in it
  $ truss-ts push my-model --out dist --json
  $ truss-ts push --target image --image registry.example.com/my-model:1
  $ truss-ts push --target kubernetes --image registry.example.com/my-model:1 --out deploy
  $ truss-ts push --target baseten --wait
  $ truss-ts push --target image --help    # the options of one target`;
}

async function push(io: CommandIo, dir: string, chosen: Pick<Push, "flags" | "target" | "targetFlags">): Promise<void> {
  const columns = () => (process.env["TERM"] === "dumb" ? undefined : io.columns());
  const story = createPushReport({ stderr: io.stderr, colors: io.hasColors, columns });
  const interruption = listenForInterrupt(io);
  try {
    await run({ io, story, interruption, ...chosen }, dir);
  } finally {
    story.end();
    interruption.release();
  }
}

async function run(current: Push, dir: string): Promise<void> {
  const { io, flags, story, interruption } = current;
  const findings = await interruption.guard(inspect(current, dir));
  if (findings.project === undefined || findings.faults.length > 0) return refuse(io, flags, findings);
  const { endpoints } = findings;
  const project = await name(current, findings.project);
  const stage = await interruption.guard(
    createStage(project, {
      endpoints,
      report: story.report,
      signal: interruption.signal,
      allowed: flags.allowSecret ?? [],
      strict: flags.nonInteractive === true || inCi(),
    }),
  );
  story.end();
  io.stderr(renderStage(stage, io.hasColors));
  const warning = warnOfSize(stage);
  if (warning !== undefined) story.report({ event: "warning", ...warning });
  const published = await interruption.hear(publish(current, stage));
  story.end();
  tell(current, stage, published);
}

async function name({ io, flags, target, targetFlags, interruption }: Push, project: Project): Promise<Project> {
  if (target.needsName?.(targetFlags) !== true) return project;
  const interactive = io.isTty && ![flags.nonInteractive, flags.json, flags.dryRun].includes(true);
  return requireName(project, { interactive, signal: interruption.signal });
}

function inspect({ io, flags: { config }, story }: Push, dir: string): Promise<Findings> {
  story.report({ event: "step", message: "Checking the project" });
  return inspectProject(dir, { onOutput: io.stderr, ...(config === undefined ? {} : { configFile: config }) });
}

function publish({ target, targetFlags, flags, story, interruption }: Push, stage: Stage): Promise<Published> {
  return target.publish({
    project: stage.project,
    stage,
    flags: targetFlags,
    dryRun: flags.dryRun === true,
    report: story.report,
    signal: interruption.signal,
  });
}

/** Where a warning is read by nobody. */
function inCi(): boolean {
  return !["", "0", "false", undefined].includes(process.env["CI"]);
}

/** As `check` would say it: all of it, before anything is made. */
function refuse(io: CommandIo, flags: PushFlags, { faults, root }: Findings): void {
  for (const fault of faults) io.stderr(`${renderFault(fault, root, io.hasColors)}\n`);
  const [first] = faults;
  if (first === undefined) throw new TrussError("INTERNAL", "a project that cannot be pushed told no fault");
  io.setExitCode(exitCodes.failure);
  if (flags.json === true) io.stdout(`${JSON.stringify({ error: { ...first, faults: faults.map(plain) } })}\n`);
}

function plain({ code, message, file, line, column, hint }: Fault): Fault {
  return JSON.parse(JSON.stringify({ code, message, file, line, column, hint })) as Fault;
}

function tell({ io, flags, target }: Push, stage: Stage, published: Published): void {
  io.stderr(renderPublished(published, io.hasColors));
  if (flags.json !== true) return io.stdout(`${published.reference}\n`);
  const files = stage.files.map(({ path, size }) => ({ path, size }));
  io.stdout(
    `${JSON.stringify({ target: target.name, digest: stage.digest, ...published.json, files: published.json["files"] ?? files })}\n`,
  );
}
