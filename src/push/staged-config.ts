import type { Fault } from "../errors.ts";
import type { EndpointReport } from "../events.ts";
import { type ConfigEditor, editConfig } from "../project/config-editor.ts";
import { ownRuntimeKeys } from "../project/own-keys.ts";
import { parseConfig } from "../project/yaml.ts";
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

/** Staging what was staged changes nothing. */
export async function createStagedConfig(options: StagedConfigOptions): Promise<StagedConfig> {
  const editor = await editConfig(options.text);
  const warnings: string[] = [];
  const noBuild = editor.get(["docker_server", "no_build"]) === true;
  emptySecrets(editor, warnings);
  moveOwnKeys(editor);
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
    faults: findBaseImageFault(source, noBuild),
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
function moveOwnKeys(editor: ConfigEditor): void {
  const own = new Set<string>(ownRuntimeKeys);
  for (const key of Object.keys(recordOf(editor.get(["runtime"])))) {
    if (!own.has(key)) continue;
    const target = ["model_metadata", "truss_ts", "runtime", key];
    if (editor.get(target) === undefined) editor.move(["runtime", key], target);
    else editor.delete(["runtime", key]);
  }
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
  const isSocketOnly = endpoints.length > 0 && endpoints.every(({ method }) => method === "websocket");
  if (!isSocketOnly || editor.get(["runtime", "is_websocket_endpoint"]) === true) return;
  const kind = editor.get(["runtime", "transport", "kind"]);
  if (kind === undefined || kind === null) editor.set(["runtime", "transport", "kind"], "websocket");
  else if (kind !== "websocket") {
    warnings.push(`runtime.transport.kind is ${String(kind)}, but the model only has a websocket method.`);
  }
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
