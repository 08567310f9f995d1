import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { Fault } from "../errors.ts";
import type { EndpointReport } from "../events.ts";
import { packageRoot } from "../lib/package-root.ts";
import { projectPath } from "../lib/paths.ts";
import type { Project } from "../project/types.ts";
import type { FromModel, ModelStart } from "../runtime/channel.ts";

/** What a class can do, found out without calling `load()`. */
export interface Inspection {
  readonly endpoints: readonly EndpointReport[];
  readonly hooks: readonly string[];
  /** Methods that have a schema. */
  readonly schemas: readonly string[];
  readonly faults: readonly Fault[];
}

export interface InspectOptions {
  /** The built bundle. */
  readonly file: string;
  /** Variables for the model process; those of this one come before them. */
  readonly env?: Readonly<Record<string, string>>;
  /** Takes what the model prints. */
  readonly onOutput: (text: string) => void;
  /** @default 30_000 */
  readonly timeoutMs?: number;
}

/** Imports and constructs the model in a process of its own, which then ends. Whatever goes wrong there is a fault. */
export async function inspectModel(project: Project, options: InspectOptions): Promise<Inspection> {
  const child = fork(join(packageRoot(), "dist", "child.js"), [], {
    cwd: project.root,
    env: { ...options.env, ...process.env },
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => options.onOutput(text));
  }
  child.send({ type: "describe", start: createStart(project, options.file) }, () => undefined);
  return awaitInspection(child, projectPath(project.root, project.modelFile), options.timeoutMs ?? 30_000);
}

function createStart(project: Project, bundle: string): ModelStart {
  const { config } = project;
  return {
    bundle,
    root: project.root,
    modelFile: projectPath(project.root, project.modelFile),
    className: config.modelClassName,
    config: { ...config.raw, secrets: config.secrets },
    dataDir: project.dataDir,
    environment: project.environment,
  };
}

/** How long the output of a process that has ended may be held open by something that the model started. */
const outputWaitMs = 500;

/** Resolves once the process has ended and what it printed was passed on. */
function awaitInspection(child: ChildProcess, file: string, timeoutMs: number): Promise<Inspection> {
  return new Promise((resolve) => {
    let found: Inspection | undefined;
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    const finish = (message: string, hint: string) => {
      clearTimeout(timer);
      resolve(
        found ?? { endpoints: [], hooks: [], schemas: [], faults: [{ code: "IMPORT_FAILED", message, file, hint }] },
      );
    };
    child.on("message", (message: FromModel) => {
      if (message.type === "described") found = message;
    });
    child.on("error", (error) => {
      finish(`The model's process cannot be started: ${error.message}`, "Check the installation of Node.");
    });
    child.on("exit", () => setTimeout(() => closeOutput(child), outputWaitMs).unref());
    child.on("close", (code, signal) => finish(...explainEnd(timedOut ? timeoutMs : undefined, code, signal)));
  });
}

function closeOutput(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function explainEnd(timeoutMs: number | undefined, code: number | null, signal: string | null): [string, string] {
  if (timeoutMs !== undefined) {
    return [
      `The model was not imported and constructed within ${timeoutMs / 1000} s.`,
      "Move slow work, and all that waits for something, to load().",
    ];
  }
  const how = signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`;
  return [
    `The model's process ended by itself (${how}) while the model was imported and constructed.`,
    "Look at what it printed; a model must not call process.exit().",
  ];
}
