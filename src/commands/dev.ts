import { resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Command, Option } from "commander";
import { openBrowser } from "../dev/open-browser.ts";
import { removeOwnFolder } from "../dev/own-folder.ts";
import { Supervisor } from "../dev/supervisor.ts";
import { exitCodes } from "../errors.ts";
import type { ReadyEvent, Reporter, TrussEvent } from "../events.ts";
import { parseHost } from "../lib/host.ts";
import { onParentGone } from "../lib/parent-gone.ts";
import { parsePort } from "../lib/port.ts";
import { findProjectRoot } from "../project/find.ts";
import { createJsonReporter } from "../ui/json.ts";
import { createPlainReporter } from "../ui/plain.ts";
import { createPrettyReporter } from "../ui/pretty.ts";
import { type Shortcut, clearScreen, listenForShortcuts } from "../ui/shortcuts.ts";
import { type CommandIo, type CommonOptions, withCommonOptions } from "./io.ts";

interface DevFlags extends CommonOptions {
  readonly port: number;
  readonly strictPort?: boolean;
  readonly host: string;
  readonly reload: "swap" | "hot";
  readonly environment: string;
  readonly inspect?: number | true;
  readonly open?: boolean;
}

/** `truss-ts dev [dir]`: serves a project and every edit of it. */
export function createDevCommand(io: CommandIo): Command {
  const command = new Command("dev")
    .description("serve a project and every edit of it")
    .argument("[dir]", "the project's folder, or one inside it", ".")
    .option("-p, --port <port>", "port to listen on; 0: any free one", parsePort, 8080)
    .option("--strict-port", "fail when the port is in use, instead of taking the next free one")
    .option("--host <address>", "address to listen on; 0.0.0.0: every network", parseHost, "127.0.0.1")
    .addOption(new Option("--reload <how>", "how an edit takes over").choices(["swap", "hot"]).default("swap"))
    .option("-e, --environment <name>", "what context.environment.name is", "development")
    .option("--inspect [port]", "open Node's debugger in the model's process, on 9229 or a free port", parsePort)
    .option("--open", "open the playground in the browser")
    .addHelpText("after", helpText);
  return withCommonOptions(command).action((dir: string, flags: DevFlags) => runDev(io, dir, flags));
}

const helpText = `
A save shows in the next answer. What was begun before it finishes on the old code, streams and sockets too; an edit
that does not build, load or start leaves the last good model serving. Watched are the model's folder, whatever it
imports, linked and installed packages, config.yaml, .env, .env.local, package.json and tsconfig.json.

--reload hot is for models whose load() takes long: where only code that requests use has changed, it is put under the
live model and load() is not run again; else, and in doubt, a new process takes over as ever.

Variables come from config.yaml, then .env, then .env.local, then the shell, the later one winning.
On a terminal: r reload, o open, l endpoints, c clear, q quit, h help, each with Enter; Ctrl-D quits too.
Ctrl-C lets running work finish, for ten seconds at most, and calls the model's close(); a second one ends at once.

With --json, stdout carries one object a line: ready, reloaded, reload_failed, request, stopped.

Examples:
  $ truss-ts dev
  $ truss-ts dev --reload hot
  $ truss-ts dev my-model --port 0 --json
  $ truss-ts dev --environment staging --inspect 9229`;

async function runDev(io: CommandIo, dir: string, flags: DevFlags): Promise<void> {
  // Hours of reloads and of requests passing through would else grow V8's nursery, and with it this process, by half.
  setFlagsFromString("--semi-space-growth-factor=1");
  const root = findProjectRoot(resolve(dir));
  let supervisor: Supervisor | undefined;
  const report = createReporter(io, root, flags, () => exampleInputOf(supervisor?.config));
  const signals = catchSignals(io);
  const page = rememberPage(report, flags.open === true);
  let stopListening: (() => void) | undefined;
  try {
    const opened = await Supervisor.open({
      dir: root,
      host: flags.host,
      port: flags.port,
      strictPort: flags.strictPort === true,
      environment: flags.environment,
      reload: flags.reload,
      ...(flags.inspect === undefined ? {} : { inspect: flags.inspect === true ? ("any" as const) : flags.inspect }),
      report: page.report,
      elapsed: io.elapsed,
    });
    supervisor = opened;
    if (io.isTty && flags.json !== true && flags.nonInteractive !== true) {
      const shortcuts = createShortcuts(io, opened, page, signals.quit);
      stopListening = listenForShortcuts({ input: process.stdin, write: io.stderr, shortcuts, onEnd: signals.quit });
    }
    await signals.first;
    void signals.second.then(() => opened.kill());
    await opened.stop();
    await removeOwnFolder(root);
    report({ event: "stopped" });
    io.setExitCode(exitCodes.done);
  } finally {
    stopListening?.();
    signals.release();
  }
}

function createShortcuts(io: CommandIo, supervisor: Supervisor, page: Page, quit: () => void): Shortcut[] {
  return [
    { key: "r", words: ["reload", "restart", "rs"], does: "build and start it again", run: () => supervisor.reload() },
    { key: "o", words: ["open"], does: "open the playground", run: () => page.open(supervisor.playground) },
    { key: "l", words: ["list", "ls", "endpoints"], does: "list the endpoints", run: page.tellAgain },
    { key: "c", words: ["clear", "cls"], does: "clear the screen", run: () => io.stderr(clearScreen) },
    { key: "q", words: ["quit", "exit"], does: "quit", run: quit },
  ];
}

function createReporter(io: CommandIo, root: string, flags: DevFlags, exampleInput: () => unknown): Reporter {
  const plain = createPlainReporter(io, root, exampleInput);
  if (flags.json === true) return createJsonReporter(io.stdout, plain);
  if (!io.isTty) return plain;
  const tip = flags.nonInteractive === true ? undefined : "h + Enter: shortcuts";
  return createPrettyReporter(io, { root, colors: io.hasColors, columns: io.columns, tip, exampleInput });
}

/** What the project itself shows as an input of `predict`. */
function exampleInputOf(config: Readonly<Record<string, unknown>> = {}): unknown {
  const metadata = config["model_metadata"];
  return typeof metadata === "object" && metadata !== null && "example_model_input" in metadata
    ? metadata.example_model_input
    : undefined;
}

/** Signals may come before there is anything to stop: they are kept as promises. */
function catchSignals(io: CommandIo) {
  let tellFirst: () => void = () => undefined;
  let tellSecond: () => void = () => undefined;
  const first = new Promise<void>((tell) => {
    tellFirst = tell;
  });
  const second = new Promise<void>((tell) => {
    tellSecond = tell;
  });
  let count = 0;
  const quit = () => {
    count += 1;
    if (count === 1) tellFirst();
    else tellSecond();
  };
  const stopListening = io.onStopSignal(quit);
  // Whoever starts it by `npm run` means it to end with that; in a shell's background it may well go on alone.
  const stopLooking = process.env["npm_lifecycle_event"] === undefined ? undefined : onParentGone(quit);
  const release = () => {
    stopListening();
    stopLooking?.();
  };
  return { first, second, quit, release };
}

type Page = ReturnType<typeof rememberPage>;

/** Remembers what `ready` said, to say it again, and opens the playground with it where that is wished. */
function rememberPage(report: Reporter, wished: boolean) {
  let ready: ReadyEvent | undefined;
  const open = (url: string) =>
    openBrowser(url, () => report({ event: "warning", message: "no browser could be opened", hint: `open ${url}` }));
  return {
    open,
    report: (event: TrussEvent) => {
      report(event);
      if (event.event === "reloaded" && ready !== undefined) ready = { ...ready, endpoints: event.endpoints ?? [] };
      if (event.event !== "ready") return;
      ready = event;
      if (wished && event.playground !== undefined) open(event.playground);
    },
    tellAgain: () => {
      if (ready !== undefined) report(ready);
    },
  };
}
