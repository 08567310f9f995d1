import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { createBundler } from "../bundle/bundler.ts";
import { inspectModel } from "../bundle/inspect.ts";
import { locateFault } from "../bundle/locate.ts";
import { type Fault, exitCodes, isTrussError } from "../errors.ts";
import type { EndpointReport } from "../events.ts";
import { readEnvFiles } from "../project/env-files.ts";
import { configName } from "../project/find.ts";
import { surveyProject } from "../project/load.ts";
import { redactSecrets } from "../project/redact.ts";
import type { Project } from "../project/types.ts";
import { renderCodeFrame } from "../ui/code-frame.ts";
import { type Style, createStyle } from "../ui/style.ts";
import { type CommandIo, type CommonOptions, withCommonOptions } from "./io.ts";

interface CheckFlags extends CommonOptions {
  readonly environment?: string;
}

/** What `check` finds. */
interface Findings {
  readonly name: string | null;
  readonly root: string;
  readonly endpoints: readonly EndpointReport[];
  readonly schemas: readonly string[];
  readonly faults: readonly Fault[];
}

/** `truss-ts check [dir]`: says what a project would serve, or all that is wrong with it. */
export function createCheckCommand(io: CommandIo): Command {
  const command = new Command("check")
    .description("list what a project would serve, or all that is wrong with it")
    .argument("[dir]", "the project's folder, or one inside it", ".")
    .option("--environment <name>", "the environment to construct the model for")
    .addHelpText("after", helpText)
    .action((dir: string, flags: CheckFlags) => check(io, dir, flags));
  return withCommonOptions(command);
}

const helpText = `
Reads config.yaml, builds the model, imports and constructs it, and looks at its methods and schemas.
load() is not called, so no weights are needed. Exits with 1 when there is any fault.

Examples:
  $ truss-ts check
  $ truss-ts check my-model --json   # {"ok":true,"endpoints":[{"method":"predict","path":"/predict"}],"faults":[]}`;

async function check(io: CommandIo, dir: string, flags: CheckFlags): Promise<void> {
  const findings = await inspect(io, dir, flags);
  if (findings.faults.length > 0) io.setExitCode(exitCodes.failure);
  if (flags.json === true) io.stdout(`${JSON.stringify(toJson(findings))}\n`);
  else io.stdout(toText(findings, io.hasColors && io.isTty));
}

async function inspect(io: CommandIo, dir: string, flags: CheckFlags): Promise<Findings> {
  const survey = await surveyProject(dir, flags.environment === undefined ? {} : { environment: flags.environment });
  const nothing = { name: null, root: resolve(dir), endpoints: [], schemas: [], faults: survey.faults };
  if (survey.project === undefined) return nothing;
  const found = await inspectClass(io, survey.project);
  const { root, config } = survey.project;
  return { ...found, root, name: config.modelName, faults: [...survey.faults, ...found.faults] };
}

/** Whatever cannot be done is one more fault: the answer is always the list. */
async function inspectClass(io: CommandIo, project: Project) {
  try {
    return await buildAndInspect(io, project);
  } catch (error) {
    if (!isTrussError(error)) throw error;
    const { code, message, hint, file } = error;
    const fault: Fault = {
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(file === undefined ? {} : { file }),
    };
    return { endpoints: [], schemas: [], faults: [fault] };
  }
}

async function buildAndInspect(io: CommandIo, project: Project) {
  const bundler = await createBundler(project);
  try {
    const built = await bundler.build();
    if (!built.ok) {
      return {
        endpoints: [],
        schemas: [],
        faults: built.errors.map((error): Fault => ({ code: "BUILD_FAILED", ...error })),
      };
    }
    const env = { ...project.config.environmentVariables, ...readEnvFiles(project.root) };
    const found = await inspectModel(project, { file: built.file, env, onOutput: io.stderr });
    return { ...found, faults: found.faults.map((fault) => locateFault(fault, project.root, built.inputs)) };
  } finally {
    await bundler.close();
  }
}

function toJson({ endpoints, faults }: Findings) {
  return {
    ok: faults.length === 0,
    endpoints: endpoints.map(({ method, path }) => ({ method, path })),
    faults: faults.map(({ code, message, file = null, line = null, column = null, hint = null }) => {
      return { code, message, file, line, column, hint };
    }),
  };
}

function toText(findings: Findings, colors: boolean): string {
  const { endpoints, faults, root } = findings;
  const style = createStyle(colors);
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  return [
    ...(endpoints.length > 0 ? [endpointsText(findings, style)] : []),
    ...faults.map((fault) => faultText(fault, root, colors)),
    faults.length === 0 ? style.green("no faults") : style.red(count),
    "",
  ].join("\n");
}

function endpointsText({ name, endpoints, schemas, faults }: Findings, style: Style): string {
  const width = Math.max(...endpoints.map(({ path }) => path.length));
  const lines = endpoints.map(({ method, path }) => {
    const kind = method === "websocket" ? "WS  " : "POST";
    const note = schemas.includes(method) ? style.dim("  input and output checked by its schema") : "";
    return `  ${kind} ${path.padEnd(width)}  ${style.bold(method)}${note}\n`;
  });
  return `${name ?? "The model"} ${faults.length === 0 ? "serves" : "would serve"}:\n${lines.join("")}`;
}

function faultText({ code, message, hint, ...place }: Fault, root: string, colors: boolean): string {
  const style = createStyle(colors);
  const { file } = place;
  const frame = file === undefined ? "" : renderCodeFrame({ ...place, file, source: readSource(root, file), colors });
  const advice = hint === undefined ? "" : `  ${style.bold("→")} ${hint}\n`;
  return `${style.red(style.bold(`✖ ${code}`))}  ${message}\n${frame}${advice}`;
}

function readSource(root: string, file: string): string | undefined {
  try {
    const text = readFileSync(resolve(root, file), "utf8");
    return file === configName ? redactSecrets(text) : text;
  } catch {
    return undefined;
  }
}
