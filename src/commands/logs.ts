import { Command, Option } from "commander";
import { createDeploymentLog } from "../baseten/deployment-log.ts";
import { createEnvironmentLog } from "../baseten/environment-log.ts";
import { type LogFilter, type LogLine, logLevels, timeOf } from "../baseten/log-lines.ts";
import { formatLine } from "../baseten/log-text.ts";
import { type WindowFlags, readWindow } from "../baseten/log-window.ts";
import { type LogSource, type LogWindow, readLogs, tailLogs } from "../baseten/logs.ts";
import { TrussError, exitCodes } from "../errors.ts";
import { safeText } from "../ui/safe-text.ts";
import { createStyle } from "../ui/style.ts";
import { type Job, openAccount, runJob } from "./account.ts";
import { type CommandIo, type CommonOptions, withCommonOptions } from "./io.ts";
import { findModelId, nameOf } from "./project-model.ts";

interface LogsFlags extends CommonOptions, LogFilter, WindowFlags {
  readonly environment?: string;
  readonly deployment?: string;
  readonly deploymentId?: string;
  readonly modelId?: string;
  readonly modelName?: string;
  readonly remote?: string;
  readonly tail?: boolean;
}

/** `truss-ts logs [dir]`: what a deployed model has logged. */
export function createLogsCommand(io: CommandIo): Command {
  const command = new Command("logs")
    .description("show or follow the log of a deployed model")
    .argument("[dir]", "the project's folder, for its name", ".")
    .option("--environment <name>", "the log of this environment (default: production)")
    .option("--deployment <id>", "the log of one deployment, its build included")
    .addOption(new Option("--deployment-id <id>").hideHelp())
    .option("--model-id <id>", "the model of this id instead of the project's")
    .option("--model-name <name>", "the model of this name instead of the project's")
    .option("--remote <name>", "whose key to use, where you have several")
    .option("-t, --tail", "go on showing lines until the deployment ends, or Ctrl-C")
    .option("--since <time>", "how far to look back: 90s, 30m, 2h, at most 7d (default: 30m)")
    .option("--start <time>", "from this moment on: 2026-01-31, or 2026-01-31T12:00:00Z")
    .option("--end <time>", "up to this moment (default: now)")
    .addOption(new Option("--min-level <level>", "leave lesser lines out").choices(logLevels))
    .option("--includes <text>", "only lines with this text; may be repeated", addText)
    .option("--excludes <text>", "no lines with this text; may be repeated", addText)
    .option("--search-pattern <regex>", "only lines that match (RE2)")
    .option("--replica <id>", "only lines of this replica, by its five characters")
    .option("--request-id <id>", "only lines of this request")
    .addHelpText("after", helpText)
    .action((dir: string, flags: LogsFlags) => runJob(io, (job) => logs(io, job, dir, flags)));
  return withCommonOptions(command);
}

const helpText = `
stdout has the lines, oldest first: [time]: (replica) message, in local time. With --json one object a line:
{"timestamp","time","level","replica","request_id","message"}, the timestamp in nanoseconds.

Exit codes: 0 shown, also where there are no lines; 3 no good key; 4 no such model, environment or deployment.

Examples:
  $ truss-ts logs --since 2h --min-level warning
  $ truss-ts logs --deployment abc123 --tail
  $ truss-ts logs --model-id xyz --request-id 01ab --json`;

async function logs(io: CommandIo, job: Job, dir: string, flags: LogsFlags): Promise<void> {
  checkFlags(flags);
  const window = readWindow(flags, Date.now());
  const source = await findSource(job, dir, flags);
  const signal = AbortSignal.any([job.interruption.signal, io.readerGone]);
  const show = (line: LogLine) => io.stdout(flags.json === true ? toJson(line) : toText(io, line));
  try {
    if (flags.tail === true) return await follow(job, source, { filter: flags, startMs: window.startMs, signal, show });
    await showWindow(job, source, { filter: flags, window, signal, show });
  } catch (error) {
    // Nobody reads any more, as after `| head`: that is no failure.
    if (!io.readerGone.aborted) throw error;
  }
}

function checkFlags({ environment, deployment, deploymentId, modelId, modelName, tail, start, end }: LogsFlags): void {
  if (modelId !== undefined && modelName !== undefined) throw usage("--model-id and --model-name exclude each other.");
  if (environment !== undefined && (deployment ?? deploymentId) !== undefined) {
    throw usage("--environment and --deployment exclude each other.");
  }
  if (tail === true && (start ?? end) !== undefined)
    throw usage("--tail goes with --since, not with --start or --end.");
}

async function findSource(job: Job, dir: string, flags: LogsFlags): Promise<LogSource> {
  const { environment = "production", modelId: known, modelName, remote } = flags;
  const deploymentId = flags.deployment ?? flags.deploymentId;
  const name = known === undefined ? (modelName ?? (await nameOf(dir))) : "";
  const account = openAccount(job, remote);
  const modelId = known ?? (await findModelId(account, name));
  return deploymentId === undefined
    ? createEnvironmentLog(account.client, { modelId, environment })
    : createDeploymentLog(account.client, { modelId, deploymentId });
}

interface Showing {
  readonly filter: LogFilter;
  readonly signal: AbortSignal;
  readonly show: (line: LogLine) => void;
}

async function showWindow(
  { report }: Job,
  source: LogSource,
  { window, filter, signal, show }: Showing & { readonly window: LogWindow },
): Promise<void> {
  let count = 0;
  for await (const line of readLogs(source, window, { filter, signal })) {
    show(line);
    count += 1;
  }
  if (count > 0) return;
  const since = new Date(window.startMs).toLocaleString("sv-SE");
  report({ event: "note", message: `There are no such lines since ${since}; --since looks further back` });
}

async function follow(
  { report }: Job,
  source: LogSource,
  { startMs, filter, signal, show }: Showing & { readonly startMs: number },
): Promise<void> {
  const lines = tailLogs(source, { filter, startMs, report, signal });
  for (;;) {
    const next = await lines.next();
    if (next.done !== true) show(next.value);
    else if (next.value === undefined) return;
    else return report({ event: "note", message: `The deployment is ${next.value}: no more lines will come` });
  }
}

function toJson(line: LogLine): string {
  const { timestamp, level = null, replica = null, request_id = null, message } = line;
  const time = new Date(timeOf(line)).toISOString();
  return `${JSON.stringify({ timestamp, time, level, replica, request_id, message })}\n`;
}

function toText(io: CommandIo, line: LogLine): string {
  if (!io.showsResult) return `${formatLine(line)}\n`;
  const style = createStyle(io.hasColors);
  const level = line.level?.toLowerCase();
  const paint = level === "error" ? style.red : level === "warning" ? style.yellow : (text: string) => text;
  return `${paint(safeText(formatLine(line)))}\n`;
}

function addText(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function usage(message: string): TrussError {
  return new TrussError("USAGE", message, { hint: "truss-ts logs --help has examples", exitCode: exitCodes.usage });
}
