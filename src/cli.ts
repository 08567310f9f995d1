import { addAbortSignal } from "node:stream";
import type { Command, CommanderError } from "commander";
import type { CommandIo } from "./commands/io.ts";
import { type ExitCode, TrussError, exitCodes, isTrussError } from "./errors.ts";
import { packageVersion } from "./lib/package-root.ts";

/** One row of the command table. The module is loaded only when its command runs or is asked for help. */
interface CommandRow {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly load: (io: CommandIo) => Promise<Command>;
}

const commands: readonly CommandRow[] = [
  {
    name: "init",
    usage: "[dir]",
    summary: "make a project from a template",
    load: async (io) => (await import("./commands/init.ts")).createInitCommand(io),
  },
  {
    name: "dev",
    usage: "[dir]",
    summary: "serve a project, and reload it as you edit",
    load: async (io) => (await import("./commands/dev.ts")).createDevCommand(io),
  },
  {
    name: "check",
    usage: "[dir]",
    summary: "list what a project would serve, or all that is wrong with it",
    load: async (io) => (await import("./commands/check.ts")).createCheckCommand(io),
  },
  {
    name: "serve",
    usage: "[dir]",
    summary: "run the production server on a project",
    load: async (io) => (await import("./commands/serve.ts")).createServeCommand(io),
  },
  {
    name: "push",
    usage: "[dir]",
    summary: "build a project, and deliver it",
    load: async (io) => (await import("./commands/push.ts")).createPushCommand(io),
  },
  {
    name: "predict",
    usage: "[dir]",
    summary: "call an endpoint of a model, local or deployed",
    load: async (io) => (await import("./commands/predict.ts")).createPredictCommand(io),
  },
  {
    name: "logs",
    usage: "[dir]",
    summary: "show or follow the log of a deployed model",
    load: async (io) => (await import("./commands/logs.ts")).createLogsCommand(io),
  },
  {
    name: "login",
    usage: "",
    summary: "keep an API key of Baseten's for the other commands",
    load: async (io) => (await import("./commands/login.ts")).createLoginCommand(io),
  },
  {
    name: "logout",
    usage: "",
    summary: "forget the key that login has kept",
    load: async (io) => (await import("./commands/logout.ts")).createLogoutCommand(io),
  },
  {
    name: "whoami",
    usage: "",
    summary: "say whose key is used, and where it comes from",
    load: async (io) => (await import("./commands/whoami.ts")).createWhoamiCommand(io),
  },
];

const helpText = `
Start here:
  $ truss-ts init my-model
  $ cd my-model && npm run dev

Exit codes: 0 done, 1 expected failure, 2 usage, 3 auth, 4 not found, 5 refused by validation,
6 the platform's fault, 70 a bug of ours, 130 interrupted.`;

const readerGone: ReadonlySet<string> = new Set(["EPIPE", "ECONNRESET", "EIO", "ERR_STREAM_DESTROYED"]);
/** What a server's last words may take to be read, in milliseconds. */
const lastWordsMs = 1_000;

let exitCode: ExitCode = exitCodes.done;
const args = process.argv.slice(2);
let writeFailure: string | undefined;
const readerLeft = new AbortController();
process.stdout.on("error", () => readerLeft.abort());
for (const stream of [process.stdout, process.stderr]) stream.on("error", noteFailure);

try {
  // Nothing is loaded for an answer that needs nothing.
  if (args.length === 1 && ["--version", "-V"].includes(args[0] ?? "")) process.stdout.write(`${packageVersion()}\n`);
  else {
    requireWorkingFolder();
    await (await createProgram(createIo())).parseAsync(args, { from: "user" });
  }
} catch (error) {
  exitCode = await explain(error);
}
// Servers write for as long as they run, to a reader that may have stopped reading; others have a result to hand over.
if (["dev", "serve"].includes(args[0] ?? "")) setTimeout(leave, lastWordsMs);
// What is written goes out first; whatever a command left open must not keep us.
process.stdout.write("", () => process.stderr.write("", () => setImmediate(leave)));

function leave(): void {
  process.exit(writeFailure === undefined || exitCode !== exitCodes.done ? exitCode : exitCodes.failure);
}

/** A reader that leaves early (| head, a closed terminal) is no error; a disk that is full is one. */
function noteFailure({ code = "unknown error" }: NodeJS.ErrnoException): void {
  if (writeFailure !== undefined || readerGone.has(code)) return;
  writeFailure = code;
  process.stderr.write(`The output could not be written (${code}).\n`);
}

/** Libraries ask for the working folder while they are loaded, where nobody can catch what that throws. */
function requireWorkingFolder(): void {
  try {
    process.cwd();
  } catch (cause) {
    const hint = "go to a folder that exists, and try again";
    throw new TrussError("PROJECT_NOT_FOUND", "The folder you are in has been deleted.", { hint, cause });
  }
}

async function createProgram(io: CommandIo): Promise<Command> {
  const { Command } = await import("commander");
  const program = new Command("truss-ts")
    .description(
      "Serve a TypeScript Model class to OpenAI and Anthropic clients, and package the same server anywhere.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .helpCommand("help [command]", "explain a command")
    .addHelpText("after", helpText)
    .action(() => program.outputHelp());
  const asked = args[0] === "help" ? args[1] : args.find((arg) => !arg.startsWith("-"));
  if (asked !== undefined && !commands.some((row) => row.name === asked)) throw await unknownCommand(asked);
  for (const row of commands) {
    program.addCommand(row.name === asked ? await row.load(io) : placeholderOf(Command, row));
  }
  for (const command of [program, ...program.commands]) prepare(command, io);
  return program;
}

/** Enough of a command for the list in `--help`. */
function placeholderOf(Constructor: typeof Command, { name, usage, summary }: CommandRow): Command {
  const command = new Constructor(name).summary(summary).description(summary);
  return usage === "" ? command : command.argument(usage);
}

async function unknownCommand(asked: string): Promise<TrussError> {
  const { suggest } = await import("./lib/suggest.ts");
  const meant = suggest(
    asked,
    commands.map((row) => row.name),
  );
  return new TrussError("USAGE", `There is no command ${JSON.stringify(asked)}.`, {
    hint: meant === undefined ? "truss-ts --help lists the commands" : `did you mean ${meant}?`,
    exitCode: exitCodes.usage,
  });
}

function prepare(command: Command, io: CommandIo): void {
  command.exitOverride().showHelpAfterError("(add --help for what it takes)").allowExcessArguments(false);
  command.configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
}

function createIo(): CommandIo {
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    setExitCode: (code) => {
      exitCode = code;
    },
    isTty: process.stdin.isTTY === true && process.stdout.isTTY === true && !inCi(),
    hasColors: process.stderr.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb",
    columns: () => process.stderr.columns,
    showsResult: process.stdout.isTTY === true,
    readerGone: readerLeft.signal,
    readStdin,
    onStopSignal: listenForStop,
    elapsed: () => performance.now(),
  };
}

async function readStdin(limit: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of addAbortSignal(signal, process.stdin)) {
    chunks.push(Buffer.from(chunk));
    size += chunk.length;
    if (size > limit) return undefined;
  }
  return Buffer.concat(chunks);
}

function inCi(): boolean {
  const ci = process.env["CI"];
  return ci !== undefined && ci !== "" && ci !== "0" && ci !== "false";
}

function listenForStop(handler: Parameters<CommandIo["onStopSignal"]>[0]): () => void {
  let count = 0;
  const signals = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((signal) => {
    const listener = () => handler(signal, ++count);
    process.on(signal, listener);
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of signals) process.off(signal, listener);
  };
}

/** The one place where an error becomes words and an exit code. */
async function explain(error: unknown): Promise<ExitCode> {
  if (isCommanderError(error)) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  const { renderError, renderBug } = await import("./ui/error-screen.ts");
  if (!isTrussError(error)) {
    process.stderr.write(renderBug(error, { version: packageVersion(), args }));
    return exitCodes.bug;
  }
  process.stderr.write(renderError(error, { colors: createIo().hasColors }));
  // `dev` and `serve` keep stdout to their events; a usage fault prints nothing there either.
  if (args.includes("--json") && !["dev", "serve"].includes(args[0] ?? "") && error.exitCode !== exitCodes.usage) {
    const { code, message, hint, file, line, column, details } = error;
    process.stdout.write(`${JSON.stringify({ error: { code, message, hint, file, line, column, ...details } })}\n`);
  }
  return error.exitCode;
}

/** Known by its code, so that commander need not be loaded to ask. It has told its own story. */
function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && "code" in error && String(error.code).startsWith("commander.");
}
