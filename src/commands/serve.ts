import { join, relative, sep } from "node:path";
import { Command } from "commander";
import { createBundler } from "../bundle/bundler.ts";
import { TrussError, exitCodes } from "../errors.ts";
import type { EndpointReport } from "../events.ts";
import { packageRoot } from "../lib/package-root.ts";
import { parseHost } from "../lib/host.ts";
import { parsePort } from "../lib/port.ts";
import { serverUrl } from "../lib/url.ts";
import { loadProject } from "../project/load.ts";
import type { Project } from "../project/types.ts";
import { type Front, startFront } from "../runtime/front.ts";
import { readSettings } from "../runtime/settings.ts";
import type { CommandIo, CommonOptions } from "./io.ts";
import { withCommonOptions } from "./io.ts";

interface ServeFlags extends CommonOptions {
  readonly port: number;
  readonly host: string;
}

export function createServeCommand(io: CommandIo): Command {
  const command = new Command("serve")
    .description("run the production server on a project")
    .argument("[dir]", "the project's folder, or one inside it", ".")
    .option("--port <port>", "port to listen on; 0: any free one", parsePort, 8080)
    .option("--host <address>", "address to listen on", parseHost, "0.0.0.0")
    .addHelpText(
      "after",
      `
stdout carries one JSON object a line (ready, request, stopped), stderr the log.
SIGTERM lets running requests and streams finish, calls the model's close() and exits with 0;
a second signal ends at once.

Example:
  $ truss-ts serve my-model --port 8080`,
    )
    .action((dir: string, flags: ServeFlags) => serve(io, dir, flags));
  return withCommonOptions(command);
}

async function serve(io: CommandIo, dir: string, flags: ServeFlags): Promise<void> {
  const project = await openProject(dir);
  const bundler = await createBundler(project);
  let stopped = false;
  let front: Front | undefined;
  const drainTimeoutMs = readSettings(project.config.raw).drainTimeoutMs;
  const unhook = io.onStopSignal((_signal, count) => {
    stopped = true;
    if (count === 1) front?.drain(drainTimeoutMs);
    else front?.kill();
  });
  try {
    const bundle = await buildOnce(bundler);
    await bundler.rest();
    if (stopped) return;
    front = await startFront({
      childFile: join(packageRoot(), "dist", "child.js"),
      variables: project.config.environmentVariables,
      start: {
        bundle,
        root: project.root,
        modelFile: relative(project.root, project.modelFile).split(sep).join("/"),
        className: project.config.modelClassName,
        config: configWithSecrets(project),
        dataDir: project.dataDir,
        environment: project.environment,
      },
      host: flags.host,
      port: flags.port,
      onReady: ({ port, endpoints }) => printReady(io, flags.host, port, endpoints),
    });
    if (stopped) front.drain(drainTimeoutMs);
    const code = await front.ended;
    io.stdout(`${JSON.stringify({ event: "stopped" })}\n`);
    io.setExitCode(code === 0 ? exitCodes.done : code === 70 ? exitCodes.bug : exitCodes.failure);
  } finally {
    unhook();
    await bundler.close();
  }
}

async function openProject(dir: string): Promise<Project> {
  const result = await loadProject(dir);
  if (result.ok) return result.project;
  const [first] = result.faults;
  if (first === undefined) throw new Error("a project that could not be loaded told no fault");
  const { code, message, ...rest } = first;
  throw new TrussError(code, message, rest);
}

async function buildOnce(bundler: Awaited<ReturnType<typeof createBundler>>): Promise<string> {
  const built = await bundler.build();
  if (built.ok) return built.file;
  const [first] = built.errors;
  throw new TrussError("BUILD_FAILED", first?.message ?? "the model could not be built", {
    ...(first?.file === undefined ? {} : { file: first.file }),
    ...(first?.line === undefined ? {} : { line: first.line }),
    ...(first?.column === undefined ? {} : { column: first.column }),
  });
}

/** The parsed config shows no default values of secrets; the model process needs them to resolve a secret. */
function configWithSecrets(project: Project): Readonly<Record<string, unknown>> {
  return { ...project.config.raw, secrets: project.config.secrets };
}

function printReady(io: CommandIo, host: string, port: number, endpoints: readonly EndpointReport[]): void {
  io.stdout(
    `${JSON.stringify({ event: "ready", url: serverUrl(host, port), endpoints, ms: Math.round(io.elapsed()) })}\n`,
  );
}
