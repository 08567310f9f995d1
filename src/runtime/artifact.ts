import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isTrussError } from "../errors.ts";
import { artifactHost, artifactPort } from "./artifact-address.ts";
import { checkHealth } from "./check-health.ts";
import { type Outside, loadOutside } from "./outside.ts";
import { runFront } from "./front-main.ts";
import { pickModelClass } from "./model-class.ts";

/** What a packaged model is served by; the bundler writes the call. */
export interface ArtifactServing {
  /** File URL of the file that holds all this: `model/server.mjs`. */
  readonly entry: string;
  /** Nothing of the model runs before this is called, and it is called in the model's own process only. */
  readonly importModel: () => Promise<Readonly<Record<string, unknown>>>;
  readonly outside: Outside;
  /** Named in messages: `model/model.ts`. */
  readonly modelFile: string;
  readonly className: string;
  /** `config.yaml`, parsed, without any secret's value. */
  readonly config: Readonly<Record<string, unknown>>;
  /** `environment_variables`: defaults for the model's process. */
  readonly variables: Readonly<Record<string, string>>;
  /** Where nothing else is said. */
  readonly port: number;
}

/**
 * Serves a packaged model until SIGTERM. The same file is run twice: once as the process that owns the port, which
 * forks the model's own. With `--check-health` it asks a server that runs already, and exits with 0 or 1.
 */
export async function serveArtifact(artifact: ArtifactServing): Promise<void> {
  if (process.env["TRUSS_TS_ROLE"] === "model" && process.send !== undefined) return await runModel(artifact);
  try {
    const port = artifactPort(process.env, artifact.port);
    const host = artifactHost(process.env);
    if (process.argv.includes("--check-health")) process.exitCode = (await checkHealth(host, port)) ? 0 : 1;
    else await serve(artifact, host, port);
  } catch (error) {
    if (!isTrussError(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}

async function runModel({ importModel, outside, modelFile, className }: ArtifactServing): Promise<void> {
  delete process.env["TRUSS_TS_ROLE"];
  const requestsFd = Number(process.env["TRUSS_TS_REQUESTS_FD"]);
  delete process.env["TRUSS_TS_REQUESTS_FD"];
  const getModel = async () => {
    await loadOutside(outside);
    return pickModelClass(await importModel(), modelFile, className);
  };
  // The process that owns the port does without all that only this one needs.
  const { runModelProcess } = await import("./process-main.ts");
  runModelProcess(requestsFd > 2 ? { getModel, requestsFd } : { getModel });
}

async function serve(artifact: ArtifactServing, host: string, port: number): Promise<void> {
  const file = fileURLToPath(artifact.entry);
  // `model/` lies beside `data/`, as it does in a project.
  const root = dirname(dirname(file));
  const { modelFile, className, config, variables } = artifact;
  const start = { bundle: "", root, modelFile, className, config, dataDir: join(root, "data"), environment: null };
  // Only a process that has them on from its start maps what is in its first file.
  await runFront({ childFile: file, execArgv: ["--enable-source-maps"], role: "model", variables, start, host, port });
}
