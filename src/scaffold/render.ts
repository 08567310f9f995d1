import { toYamlScalar } from "../project/model-name.ts";
import { toPackageName } from "./name.ts";
import { packageManagerFiles } from "./package-manager.ts";
import type { PackageManager } from "./package-manager.ts";

/** A file of a project: its path with forward slashes, relative to the project. */
export interface ProjectFile {
  readonly path: string;
  readonly content: Uint8Array;
}

export interface ProjectValues {
  /** The model's name, as checked by `checkName`. */
  readonly name: string;
  readonly packageManager: PackageManager;
  /** What `package.json` asks of `truss-ts`, such as `^0.1.0`. */
  readonly trussVersion: string;
}

/** A template's files made into a project's. Pure; sorted by path. */
export function renderProject(files: readonly ProjectFile[], values: ProjectValues): ProjectFile[] {
  const extra = Object.entries(packageManagerFiles(values.packageManager));
  return [
    ...files.map((file) => renderFile(file, values)),
    ...extra.map(([path, text]) => ({ path, content: Buffer.from(text) })),
  ].toSorted((left, right) => (left.path < right.path ? -1 : 1));
}

function renderFile(file: ProjectFile, values: ProjectValues): ProjectFile {
  const render = renderers[file.path];
  if (render === undefined) return file;
  return { path: file.path, content: Buffer.from(render(Buffer.from(file.content).toString("utf8"), values)) };
}

/** Three files change; everything else is copied byte for byte, so templates stay real projects. */
const renderers: Readonly<Record<string, (text: string, values: ProjectValues) => string>> = {
  "package.json": renderManifest,
  "config.yaml": (text, { name }) => text.replace(/^model_name:.*$/m, () => `model_name: ${toYamlScalar(name)}`),
  "README.md": renderReadme,
};

function renderManifest(text: string, { name, trussVersion }: ProjectValues): string {
  const manifest: unknown = JSON.parse(text);
  if (!isRecord(manifest)) throw new Error("the template's package.json is no object");
  const dependencies = isRecord(manifest["dependencies"]) ? manifest["dependencies"] : {};
  const development = isRecord(manifest["devDependencies"]) ? manifest["devDependencies"] : {};
  const rendered = {
    ...manifest,
    name: toPackageName(name, [...Object.keys(dependencies), ...Object.keys(development)]),
    dependencies: { ...dependencies, "truss-ts": trussVersion },
  };
  return `${JSON.stringify(rendered, null, 2)}\n`;
}

function renderReadme(text: string, { name, packageManager }: ProjectValues): string {
  return text
    .replace(/^# .*$/m, () => `# ${name}`)
    .replaceAll(/\bnpm (install|run)\b/g, `${packageManager} $1`)
    .replaceAll(/\bnpx truss-ts\b/g, `${executors[packageManager]} truss-ts`);
}

const executors: Readonly<Record<PackageManager, string>> = {
  npm: "npx",
  pnpm: "pnpm exec",
  yarn: "yarn",
  bun: "bunx",
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
