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

/** Resolves once the process has ended, so that all it printed was passed on. */
function awaitInspection(child: ChildProcess, file: string, timeoutMs: number): Promise<Inspection> {
  return new Promise((resolve) => {
    let inspection: Inspection | undefined;
    const finish = (message: string, hint: string) => {
      clearTimeout(timer);
      resolve(
        inspection ?? {
          endpoints: [],
          hooks: [],
          schemas: [],
          faults: [{ code: "IMPORT_FAILED", message, file, hint }],
        },
      );
    };
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
      // What the model itself started may hold its output open for ever.
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, timeoutMs);
    child.on("message", (message: FromModel) => {
      if (message.type === "described") inspection = message;
    });
    child.on("error", (error) =>
      finish(`The model's process cannot be started: ${error.message}`, "Check Node's installation."),
    );
    child.on("close", (code, signal) => {
      if (timedOut) {
        const seconds = timeoutMs / 1000;
        finish(
          `The model was not imported and constructed within ${seconds} s.`,
          "Move slow work, and all that waits for something, to load().",
        );
      } else {
        const how = signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`;
        finish(
          `The model's process ended by itself (${how}) while the model was imported and constructed.`,
          "Look at what it printed; a model must not call process.exit().",
        );
      }
    });
  });
}
