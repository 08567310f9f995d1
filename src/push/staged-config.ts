import type { Fault } from "../errors.ts";
import type { EndpointReport } from "../events.ts";
import { type ConfigEditor, editConfig } from "../project/config-editor.ts";
import { ownRuntimeKeys } from "../project/own-keys.ts";
import { type ConfigSource, parseConfig } from "../project/yaml.ts";
import { findBaseImageFault } from "./base-image.ts";

export interface StagedConfigOptions {
  /** The project's `config.yaml`, which has been validated. */
  readonly text: string;
  readonly endpoints: readonly EndpointReport[];
  /** Run in `model/` by Baseten's build: `npm ci --omit=dev`. Absent where everything is in the bundle. */
  readonly installCommand?: string;
  /** Where `docker_server.server_port` is not given. @default 8000 */
  readonly port?: number;
}

/** The `config.yaml` of a stage: the user's, with what Truss needs in order to run `model/server.mjs`. */
export interface StagedConfig {
  /** The user's comments and order are kept. Never holds a secret's value. */
  readonly text: string;
  /** What the text says, for the platform's REST call. */
  readonly parsed: Readonly<Record<string, unknown>>;
  /** `docker_server.server_port`. */
  readonly port: number;
  /** Files of the project that the config names and Baseten's build reads, to be staged at the same path. */
  readonly files: readonly string[];
  /** Worth telling the user; nothing is wrong. */
  readonly warnings: readonly string[];
  /** Why Baseten could not build this. Who only makes an image may go on. */
  readonly faults: readonly Fault[];
}

export const startCommand = "node /app/model/server.mjs";
export const defaultBaseImage = "node:24-bookworm";
const defaultPort = 8000;
/** Where a null means something. Elsewhere Truss refuses it, and we take it as if the key were not there. */
const freeKeys = ["secrets", "model_metadata", "environment_variables"];

/** Staging what was staged changes nothing. */
export async function createStagedConfig(options: StagedConfigOptions): Promise<StagedConfig> {
  const editor = await editConfig(options.text);
  const warnings: string[] = [];
  const noBuild = editor.get(["docker_server", "no_build"]) === true;
  editor.deleteEmpty(freeKeys);
  emptySecrets(editor, warnings);
  fitRuntime(editor);
  placeFolders(editor, warnings);
  completeServer(editor, options, noBuild, warnings);
  if (!noBuild) completeBuild(editor, options);
  completeTransport(editor, options.endpoints, warnings);
  const text = editor.text();
  const source = await parseConfig(text);
  return {
    text,
    parsed: source.values,
    port: Number(editor.get(["docker_server", "server_port"])),
    files: listFiles(editor),
    warnings,
    faults: [...findServerFaults(source), ...findBaseImageFault(source, noBuild)],
  };
}

function emptySecrets(editor: ConfigEditor, warnings: string[]): void {
  for (const [name, value] of Object.entries(recordOf(editor.get(["secrets"])))) {
    if (value === null) continue;
    editor.set(["secrets", name], null);
    warnings.push(`The value of the secret ${name} stays here: set it where the model will run.`);
  }
}

/** Truss refuses keys of ours in `runtime`, and lets them pass in `model_metadata`. */
function fitRuntime(editor: ConfigEditor): void {
  const own = new Set<string>(ownRuntimeKeys);
  for (const key of Object.keys(recordOf(editor.get(["runtime"])))) {
    if (!own.has(key)) continue;
    const target = ["model_metadata", "truss_ts", "runtime", key];
    if (editor.get(target) === undefined) editor.move(["runtime", key], target);
    else editor.delete(["runtime", key]);
  }
  const readTimeout = editor.get(["runtime", "streaming_read_timeout"]);
  // Truss counts whole seconds; ours are in model/server.mjs.
  if (typeof readTimeout === "number") editor.set(["runtime", "streaming_read_timeout"], Math.ceil(readTimeout));
  // It can only be 1, and yet Truss refuses it.
  editor.delete(["runtime", "num_workers"]);
  const rest = editor.get(["runtime"]);
  if (rest !== undefined && Object.keys(recordOf(rest)).length === 0) editor.delete(["runtime"]);
}

/** In a stage the folders have one name each, whatever they are called in the project. */
function placeFolders(editor: ConfigEditor, warnings: string[]): void {
  if (isGiven(editor, ["model_module_dir"])) editor.set(["model_module_dir"], "model");
  if (isGiven(editor, ["data_dir"])) editor.set(["data_dir"], "data");
  const packages = editor.get(["external_package_dirs"]);
  editor.delete(["external_package_dirs"]);
  if (!Array.isArray(packages) || packages.length === 0) return;
  warnings.push("external_package_dirs is Python's and is left out: packages of your workspace are bundled.");
}

function completeServer(
  editor: ConfigEditor,
  { endpoints, port = defaultPort }: StagedConfigOptions,
  noBuild: boolean,
  warnings: string[],
): void {
  const command = editor.get(["docker_server", "start_command"]);
  if (typeof command === "string" && command !== startCommand) {
    warnings.push(
      `docker_server.start_command is yours and is kept: the model is started by "${startCommand}" otherwise.`,
    );
  }
  const defaults: Readonly<Record<string, unknown>> = {
    // Without a command an image that is used as it is starts in its own way.
    ...(noBuild ? {} : { start_command: startCommand }),
    server_port: port,
    predict_endpoint: predictPath(endpoints),
    readiness_endpoint: "/health/ready",
    liveness_endpoint: "/health/live",
  };
  for (const [key, value] of Object.entries(defaults)) {
    if (!isGiven(editor, ["docker_server", key])) editor.set(["docker_server", key], value);
  }
}

/** Baseten sends its own `/predict` here, and WebSockets too. */
function predictPath(endpoints: readonly EndpointReport[]): string {
  const first = endpoints.find(({ method }) => method === "predict") ?? endpoints[0];
  return first?.path ?? "/predict";
}

function completeBuild(editor: ConfigEditor, { installCommand }: StagedConfigOptions): void {
  if (!isGiven(editor, ["base_image", "image"])) editor.set(["base_image", "image"], defaultBaseImage);
  if (installCommand === undefined || editor.get(["docker_server", "start_command"]) !== startCommand) return;
  const commands = editor.get(["build_commands"]);
  const given = Array.isArray(commands) ? commands.map(String) : [];
  // Whoever installs by commands of their own has reasons, and wants it to happen once.
  if (given.some((command) => command.includes(installCommand))) return;
  // Last, since a command before it may bring Node or a compiler; each starts in the base image's own folder.
  editor.append(["build_commands"], `cd /app/model && ${installCommand}`);
}

/** The platform must know of WebSockets before it opens one. */
function completeTransport(editor: ConfigEditor, endpoints: readonly EndpointReport[], warnings: string[]): void {
  const path = ["runtime", "transport", "kind"];
  const kind = editor.get(path);
  const isSocketOnly = endpoints.length > 0 && endpoints.every(({ method }) => method === "websocket");
  if (isSocketOnly && isGiven(editor, path) && kind !== "websocket") {
    warnings.push(`runtime.transport.kind is ${String(kind)}, but the model only has a websocket method.`);
  }
  if (isGiven(editor, path) || editor.get(["runtime", "is_websocket_endpoint"]) === true) return;
  // Truss wants a kind where there is anything else.
  const hasOthers = Object.keys(recordOf(editor.get(["runtime", "transport"]))).length > 0;
  if (isSocketOnly || hasOthers) editor.set(path, isSocketOnly ? "websocket" : "http");
}

/** These make Baseten start another server. */
const otherServers: readonly (readonly [path: readonly string[], value?: string])[] = [
  [["trt_llm"]],
  [["bis_llm"]],
  [["build", "model_server"], "TRT_LLM"],
];

function findServerFaults(source: ConfigSource): Fault[] {
  return otherServers.flatMap(([path, value]) => {
    const found = path.reduce<unknown>((node, key) => recordOf(node)[key], source.values);
    if (found === undefined || (value !== undefined && found !== value)) return [];
    const message = `${path.join(".")} makes Baseten start another server than this model's.`;
    return [source.faultAt(path, message, "Remove it, or push this project with Truss.", "key")];
  });
}

/** `requirements_file` is installed by Baseten's build; a `uv.lock` goes with the `pyproject.toml` beside it. */
function listFiles(editor: ConfigEditor): string[] {
  const file = editor.get(["requirements_file"]);
  if (typeof file !== "string" || file === "") return [];
  return file.endsWith("uv.lock") ? [file, file.replace(/uv\.lock$/, "pyproject.toml")] : [file];
}

function isGiven(editor: ConfigEditor, path: readonly string[]): boolean {
  const value = editor.get(path);
  return value !== undefined && value !== null && value !== "";
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
