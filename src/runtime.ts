import type { ModelClass } from "./model/contract.ts";
import { runFront } from "./runtime/front-main.ts";
import type { ModelStart } from "./runtime/channel.ts";
import { pickModelClass } from "./runtime/model-class.ts";
import { runModelProcess } from "./runtime/process-main.ts";

/** A Model class, or a function that imports the module which exports it. */
export type ModelSource = ModelClass | (() => Promise<Readonly<Record<string, unknown>>>);

export interface ServeOptions {
  /** Folder that holds `data/`. @default the working directory */
  readonly root?: string;
  /** `config.yaml`, parsed. @default {} */
  readonly config?: Readonly<Record<string, unknown>>;
  /** @default `TRUSS_TS_PORT`, else 8080 */
  readonly port?: number;
  /** @default "0.0.0.0" */
  readonly host?: string;
  /** Named in messages. @default "model/model.ts" */
  readonly modelFile?: string;
}

/**
 * Serves a Model until SIGTERM, and exits with 0 when what was running has ended. The calling script is started a
 * second time as the model's own process, so that probes are answered while the model computes: keep it free of
 * side effects before this call, and pass an importing function where the import is heavy.
 *
 * @example
 * await serveModel(() => import("./model.js"), { port: 8080 });
 */
export async function serveModel(source: ModelSource, options: ServeOptions = {}): Promise<void> {
  const modelFile = options.modelFile ?? "model/model.ts";
  if (process.env["TRUSS_TS_ROLE"] === "model" && process.send !== undefined) {
    delete process.env["TRUSS_TS_ROLE"];
    const requestsFd = Number(process.env["TRUSS_TS_REQUESTS_FD"]);
    const getModel = async () => (isLoader(source) ? pickModelClass(await source(), modelFile) : source);
    return runModelProcess(requestsFd > 2 ? { getModel, requestsFd } : { getModel });
  }
  const config = options.config ?? {};
  const root = options.root ?? process.cwd();
  const start: ModelStart = {
    bundle: "",
    root,
    modelFile,
    config,
    dataDir: `${root}/${String(config["data_dir"] ?? "data")}`,
    environment: null,
  };
  await runFront({
    childFile: process.argv[1] ?? "",
    role: "model",
    start,
    host: options.host ?? "0.0.0.0",
    port: options.port ?? Number(process.env["TRUSS_TS_PORT"] ?? 8080),
  });
}

/** A class has a prototype, an arrow or async function has none. */
function isLoader(source: ModelSource): source is () => Promise<Readonly<Record<string, unknown>>> {
  return (source as { prototype?: unknown }).prototype === undefined;
}
