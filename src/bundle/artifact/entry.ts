import { join } from "node:path";
import { packageRoot } from "../../lib/package-root.ts";
import { projectPath } from "../../lib/paths.ts";
import type { Project } from "../../project/types.ts";
import { entryUrl } from "./preamble.ts";
import { outsideRegistry } from "./resolve.ts";
import type { ArtifactOptions } from "./types.ts";

/** The name of the module that begins the artefact. */
export const entryName = "truss-ts-entry.mjs";

/** The module that serves the model; it is imported late, and by the model's own process only. */
export function createEntry(project: Project, { config, port = 8000 }: ArtifactOptions): string {
  const { config: resolved } = project;
  const modelFile = projectPath(project.root, project.modelFile);
  const fields = {
    modelFile,
    className: resolved.modelClassName,
    config: withoutSecretValues(config ?? resolved.raw),
    variables: resolved.environmentVariables,
    port,
  };
  const lines = Object.entries(fields).map(([name, value]) => `  ${name}: ${literal(value)},\n`);
  return `import { serveArtifact } from ${JSON.stringify(join(packageRoot(), "dist", "artifact.js"))};
await serveArtifact({
  entry: ${entryUrl},
  outside: ${outsideRegistry},
  importModel: () => import(${JSON.stringify(`./${modelFile}`)}),
${lines.join("")}});
`;
}

function withoutSecretValues(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const secrets = config["secrets"];
  if (typeof secrets !== "object" || secrets === null) return config;
  return { ...config, secrets: Object.fromEntries(Object.keys(secrets).map((name) => [name, null])) };
}

/** JSON in a text: as an object in the code, a key `__proto__` would be lost. */
function literal(value: unknown): string {
  const json = JSON.stringify(value);
  return typeof value === "object" && value !== null ? `JSON.parse(${JSON.stringify(json)})` : json;
}
