import { Command } from "commander";
import { exitCodes } from "../errors.ts";
import { renderFault } from "../ui/fault.ts";
import { type Style, createStyle } from "../ui/style.ts";
import { type Findings, inspectProject } from "./inspection.ts";
import { type CommandIo, type CommonOptions, withCommonOptions } from "./io.ts";

interface CheckFlags extends CommonOptions {
  readonly environment?: string;
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
  const findings = await inspectProject(dir, { ...flags, onOutput: io.stderr });
  if (findings.faults.length > 0) io.setExitCode(exitCodes.failure);
  if (flags.json === true) io.stdout(`${JSON.stringify(toJson(findings))}\n`);
  else io.stdout(toText(findings, io.hasColors && io.isTty));
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
    ...faults.map((fault) => renderFault(fault, root, colors)),
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
