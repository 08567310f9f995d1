import { resolve } from "node:path";
import { Command, Option } from "commander";
import { TrussError, exitCodes, isTrussError } from "../errors.ts";
import { planProject, checkTarget } from "../scaffold/create.ts";
import type { ProjectPlan } from "../scaffold/create.ts";
import { createRepository } from "../scaffold/git.ts";
import { installPackages } from "../scaffold/install.ts";
import { checkName, fallbackName, guessName } from "../scaffold/name.ts";
import { nextCommands } from "../scaffold/next-commands.ts";
import { guessPackageManager, installCommand, packageManagers } from "../scaffold/package-manager.ts";
import type { PackageManager } from "../scaffold/package-manager.ts";
import { defaultTemplate, findTemplate, listTemplates } from "../scaffold/templates.ts";
import type { Template } from "../scaffold/templates.ts";
import { writeProject } from "../scaffold/write.ts";
import { createInitReport } from "../ui/init-report.ts";
import type { InitReport } from "../ui/init-report.ts";
import { cancelled } from "../ui/prompts.ts";
import { withCommonOptions } from "./io.ts";
import type { CommandIo, CommonOptions } from "./io.ts";

interface InitFlags extends CommonOptions {
  readonly template?: string;
  readonly name?: string;
  readonly yes?: boolean;
  readonly install?: boolean;
  readonly git?: boolean;
  readonly packageManager?: PackageManager;
  readonly force?: boolean;
  readonly listTemplates?: boolean;
}

/** Everything decided, before anything is written. */
interface InitChoices {
  readonly dir: string;
  readonly name: string;
  readonly template: Template;
  readonly packageManager: PackageManager;
  readonly install: boolean;
  readonly git: boolean;
  readonly force: boolean;
}

interface InitRun {
  readonly io: CommandIo;
  readonly flags: InitFlags;
  readonly report: InitReport;
  readonly signal: AbortSignal;
  readonly interactive: boolean;
}

/** `truss-ts init [dir]`: makes a project from a template. */
export function createInitCommand(io: CommandIo): Command {
  const command = new Command("init")
    .description("make a project from a template")
    .argument("[dir]", `the project's folder; with --yes it may be left out (./${fallbackName})`)
    .option("-t, --template <name>", `the template (without asking: ${defaultTemplate})`)
    .option("-n, --name <name>", "the model's name (without asking: the folder's)")
    .option("-y, --yes", "take the default for whatever no flag answers")
    .option("--install", "install the packages")
    .option("--no-install", "do not install the packages")
    .option("--git", "make a git repository with a first commit")
    .option("--no-git", "do not make a git repository")
    .addOption(
      new Option(
        "-p, --package-manager <name>",
        "the package manager (default: the one that started this, else npm)",
      ).choices(packageManagers),
    )
    .option("-f, --force", "write into a folder that is not empty; shows what it overwrites, keeps the rest")
    .option("--list-templates", "list the templates")
    .addHelpText("after", helpText);
  return withCommonOptions(command, neverAsk).action((dir: string | undefined, flags: InitFlags) =>
    runInit(io, dir, flags),
  );
}

const neverAsk = "never ask: take the default for whatever no flag answers; the folder must be named";

const helpText = `
Asks only on a terminal, and only for what no flag answers.
A failed install leaves the finished project and exits with 1; the last lines say how to install.

Examples:
  $ truss-ts init my-model
  $ truss-ts init my-model --template openai-proxy --yes
  $ truss-ts init . --yes --no-install --no-git --json`;

async function runInit(io: CommandIo, dir: string | undefined, flags: InitFlags): Promise<void> {
  if (flags.listTemplates === true) return printTemplates(io, flags.json === true);
  const stop = listenForStop(io);
  const interactive = io.isTty && ![flags.nonInteractive, flags.yes, flags.json].includes(true);
  const report = createInitReport({ ...io, live: io.isTty && flags.json !== true });
  try {
    await Promise.race([createProject({ io, flags, report, signal: stop.signal, interactive }, dir), stop.forced]);
  } finally {
    stop.release();
  }
}

/** The first signal ends what runs and undoes what is half made; `forced` rejects on the next one, whatever hangs. */
function listenForStop(io: CommandIo) {
  const first = new AbortController();
  const second = new AbortController();
  const forced = new Promise<never>((_resolve, reject) => {
    const message = "Cancelled at once. Something half made may be left in the folder.";
    second.signal.addEventListener("abort", () => reject(cancelled(message)), { once: true });
  });
  const release = io.onStopSignal((_signal, count) => {
    if (count === 1) first.abort(cancelled());
    else second.abort();
  });
  return { signal: first.signal, forced, release };
}

function printTemplates(io: CommandIo, json: boolean): void {
  const templates = listTemplates().map(({ name, title, description }) => ({ name, title, description }));
  if (json) return io.stdout(`${JSON.stringify({ templates })}\n`);
  const width = Math.max(...templates.map(({ name }) => name.length));
  for (const { name, description } of templates) io.stdout(`${name.padEnd(width)}  ${description}\n`);
}

async function createProject(run: InitRun, dir: string | undefined): Promise<void> {
  const choices = await choose(run, dir);
  const plan = await planProject(choices);
  await confirmOverwrites(run, plan);
  await writeProject({ dir: plan.dir, files: plan.files, signal: run.signal });
  run.report.created(plan.dir, plan.files.length);
  const installed = choices.install && (await install(run, choices));
  const git = choices.git && (await makeRepository(run, choices, installed));
  if (choices.install && !installed) run.io.setExitCode(exitCodes.failure);
  finish(run, choices, plan, { installed, git });
}

/** Flags first, then questions on a terminal, then defaults. */
async function choose(run: InitRun, dirArgument: string | undefined): Promise<InitChoices> {
  const { flags } = run;
  if (dirArgument?.trim() === "") throw usageFault("The folder's name is empty.");
  const template = flags.template === undefined ? undefined : findTemplate(flags.template);
  const name = flags.name === undefined ? undefined : checkName(flags.name);
  const packageManager = flags.packageManager ?? guessPackageManager();
  const force = flags.force === true;
  // A folder that will be refused is refused before anybody answers questions about it.
  if (dirArgument !== undefined) await checkTarget(resolve(dirArgument), force);
  const answers = run.interactive
    ? await ask(run, dirArgument, template, packageManager)
    : defaults(flags, dirArgument);
  const dir = resolve(answers.dir);
  return {
    dir,
    name: name ?? guessName(dir),
    template: template ?? findTemplate(answers.template),
    packageManager,
    install: answers.install,
    git: answers.git,
    force,
  };
}

async function ask(
  { flags, signal }: InitRun,
  dir: string | undefined,
  template: Template | undefined,
  packageManager: PackageManager,
) {
  const { askInit } = await import("../ui/init-prompts.ts");
  const known = {
    ...(dir === undefined ? {} : { dir }),
    ...(template === undefined ? {} : { template: template.name }),
    ...(flags.install === undefined ? {} : { install: flags.install }),
    ...(flags.git === undefined ? {} : { git: flags.git }),
  };
  const checkDir = (answer: string) => checkTarget(resolve(answer), flags.force === true);
  return askInit(known, { templates: listTemplates(), packageManager, defaultDir: fallbackName, checkDir, signal });
}

function defaults(flags: InitFlags, dir: string | undefined) {
  if (dir === undefined && flags.yes !== true) throw usageFault("No folder is named, and nobody can be asked.");
  return {
    dir: dir ?? fallbackName,
    template: defaultTemplate,
    install: flags.install ?? true,
    git: flags.git ?? true,
  };
}

function usageFault(message: string): TrussError {
  return new TrussError("USAGE", message, {
    hint: `Name a folder: truss-ts init ${fallbackName}. With --yes alone it is ./${fallbackName}.`,
    exitCode: exitCodes.usage,
  });
}

async function confirmOverwrites({ report, signal, interactive }: InitRun, plan: ProjectPlan): Promise<void> {
  if (plan.overwrites.length === 0) return;
  report.overwrites(plan.overwrites);
  if (!interactive) return;
  const { askOverwrite } = await import("../ui/init-prompts.ts");
  if (!(await askOverwrite(plan.overwrites, signal))) throw cancelled();
}

async function install({ report, signal }: InitRun, choices: InitChoices): Promise<boolean> {
  const { dir, packageManager } = choices;
  const progress = report.installing(packageManager);
  try {
    const result = await installPackages({ dir, packageManager, signal, onLine: progress.line });
    if (result.ok) progress.done();
    else progress.failed();
    if (!result.ok)
      report.warning(`${result.why} The project is complete; only its packages are missing.`, result.output);
    return result.ok;
  } catch (error) {
    progress.failed();
    throw isTrussError(error) && error.code === "CANCELLED" ? cancelledAfterWriting(choices, false) : error;
  }
}

function cancelledAfterWriting({ dir, packageManager, git }: InitChoices, installed: boolean): TrussError {
  const left = installed ? "" : `; install its packages there with: ${installCommand(packageManager)}`;
  return cancelled(`Cancelled. The project in ${dir} is complete${left}${git ? "\nNo git repository was made." : ""}`);
}

async function makeRepository({ report, signal }: InitRun, choices: InitChoices, installed: boolean): Promise<boolean> {
  try {
    const result = await createRepository(choices.dir, signal);
    if (result.made) report.repository();
    else if (result.why !== undefined) report.warning(result.why);
    return result.made;
  } catch (error) {
    throw isTrussError(error) && error.code === "CANCELLED" ? cancelledAfterWriting(choices, installed) : error;
  }
}

function finish(
  { io, flags, report }: InitRun,
  { dir, name, template, packageManager }: InitChoices,
  plan: ProjectPlan,
  { installed, git }: { installed: boolean; git: boolean },
): void {
  const next = nextCommands({ dir, cwd: process.cwd(), packageManager, installed });
  if (flags.json !== true) return report.finished({ name, template: template.name, next });
  const files = plan.files.map((file) => file.path);
  io.stdout(`${JSON.stringify({ dir, name, template: template.name, packageManager, installed, git, files, next })}\n`);
}
