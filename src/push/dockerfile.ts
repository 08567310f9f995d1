import { createHash } from "node:crypto";
import {
  healthCheck,
  imageEntrypoint,
  imageEnvironment,
  imageHome,
  imageLabels,
  imagePort,
  imageUser,
  stopSignal,
} from "./image-settings.ts";
import type { Stage, StagedFile } from "./types.ts";

export interface DockerfileOptions {
  /** What the image is built on: a reference that the builder knows. */
  readonly base: string;
  /** Where packages are installed and compiled; needs npm. By default the base, in its full form where it has a slim one. */
  readonly builderBase?: string;
}

export interface BuildContext {
  readonly dockerfile: string;
  /** All that the Dockerfile copies, itself and a `.dockerignore`, by their paths in the context. */
  readonly files: readonly StagedFile[];
  /** It has steps that need mounts for secrets and caches, which Docker has with BuildKit only. */
  readonly needsMounts: boolean;
}

/** The files of a build secret, by the ids that the Dockerfile asks for. None of them has to be given. */
export const secretIds = { npmrc: "npmrc", authorities: "ca" } as const;

/**
 * A Dockerfile that makes of a stage the image that `push --target image` makes by itself, and compiles what must be
 * compiled. Its first line tells whether anybody has changed it.
 */
export function createDockerfile(stage: Stage, options: DockerfileOptions): BuildContext {
  const body = [
    ...argumentLines(stage, options),
    ...(stage.installation === undefined ? [] : packageStage(stage)),
    ...runtimeStage(stage),
  ].join("\n");
  const dockerfile = `${markOf(body)}\n${body}\n`;
  const extra = [textFile("Dockerfile", dockerfile), textFile(".dockerignore", "Dockerfile\n.dockerignore\n")];
  return { dockerfile, files: [...stage.files, ...extra], needsMounts: stage.installation !== undefined };
}

/** Whether a Dockerfile is as it was written by us. */
export function isUntouched(dockerfile: string): boolean {
  const end = dockerfile.indexOf("\n");
  return dockerfile.slice(0, end) === markOf(dockerfile.slice(end + 1).replace(/\n$/, ""));
}

/** Whether it was written by us at all, edited since or not. */
export function wasWritten(dockerfile: string): boolean {
  return /^# Written by truss-ts push --dockerfile \(/m.test(dockerfile);
}

function markOf(body: string): string {
  const sum = createHash("sha256").update(body).digest("hex").slice(0, 12);
  return `# Written by truss-ts push --dockerfile (${sum}). Once edited, it is not written over.`;
}

function argumentLines(stage: Stage, { base, builderBase = fullForm(base) }: DockerfileOptions): string[] {
  const forPackages = ["# Packages are installed and compiled in this one.", `ARG BUILDER_BASE=${builderBase}`];
  return [`ARG BASE=${base}`, ...(stage.installation === undefined ? [] : forPackages), ""];
}

/** Slim images have no compiler; a digest names the slim one, too. */
function fullForm(base: string): string {
  const [name = base] = base.split("@");
  return name.endsWith("-slim") ? name.slice(0, -"-slim".length) : base;
}

function packageStage(stage: Stage): string[] {
  const has = (path: string) => stage.files.some((file) => file.path === path);
  const manifests = ["package.json", "package-lock.json"].map((name) => `model/${name}`).filter(has);
  const packed = stage.files.some(({ path }) => path.startsWith("model/_packages/"));
  return [
    "FROM ${BUILDER_BASE} AS packages",
    "USER 0",
    "# npm finds its settings and its cache below HOME.",
    "ENV HOME=/root",
    `WORKDIR ${imageHome}/model`,
    `COPY ${manifests.join(" ")} ./`,
    ...(packed ? ["COPY model/_packages ./_packages"] : []),
    "# Registries, tokens and authorities are lent as secrets, and stay out of every layer.",
    `RUN --mount=type=secret,id=${secretIds.npmrc},target=/root/.npmrc \\`,
    `    --mount=type=secret,id=${secretIds.authorities},target=/run/secrets/ca.crt \\`,
    "    --mount=type=cache,target=/root/.npm \\",
    "    if [ -s /run/secrets/ca.crt ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca.crt; fi; \\",
    "    if [ -f /usr/local/include/node/node.h ]; then export npm_config_nodedir=/usr/local; fi; \\",
    `    ${stage.installation?.command ?? "npm ci --omit=dev"}`,
    "",
  ];
}

function runtimeStage(stage: Stage): string[] {
  const tops = [...new Set(stage.files.map(({ path }) => path.split("/")[0] ?? path))];
  const single = tops.filter((top) => stage.files.some(({ path }) => path === top));
  const folders = tops.filter((top) => !single.includes(top) && top !== "data" && top !== "model");
  const installed = `${imageHome}/model/node_modules`;
  return [
    "FROM ${BASE}",
    ...together("ENV", environmentOf(stage)),
    `WORKDIR ${imageHome}`,
    "# What changes least comes first.",
    ...(stage.installation === undefined ? [] : [`COPY --from=packages ${installed} ${installed}`]),
    ...(tops.includes("data") ? ["COPY data ./data"] : []),
    ...folders.map((folder) => `COPY ${words([folder, `./${folder}`])}`),
    ...(single.length === 0 ? [] : [`COPY ${words([...single, "./"])}`]),
    "COPY model ./model",
    `USER ${imageUser}`,
    `EXPOSE ${imagePort}`,
    `STOPSIGNAL ${stopSignal}`,
    ...together("LABEL", Object.entries(imageLabels(stage))),
    `ENTRYPOINT ${JSON.stringify(imageEntrypoint)}`,
    "CMD []",
    "# Docker's own; images in the OCI format have none.",
    `HEALTHCHECK --interval=${healthCheck.interval}s --timeout=${healthCheck.timeout}s --start-period=${healthCheck.startPeriod}s --retries=${healthCheck.retries} \\`,
    `    CMD ${JSON.stringify(healthCheck.command)}`,
  ];
}

/** Where the model listens is for whoever runs it to say. */
const notOurs: ReadonlySet<string> = new Set(["PORT", "HOSTNAME"]);

/** A value with a line break has no form here; the model's process has it all the same, from `model/server.mjs`. */
function environmentOf(stage: Stage): [string, string][] {
  const declared = Object.entries(stage.project.config.environmentVariables).sort(([one], [other]) =>
    one < other ? -1 : 1,
  );
  return [...declared, ...Object.entries(imageEnvironment)].filter(
    ([name, value]) => !notOurs.has(name) && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !/[\r\n]/.test(value),
  );
}

/** One instruction is one step, and one layer of some builders. */
function together(instruction: string, entries: readonly (readonly [string, string])[]): string[] {
  const pairs = entries.map(([name, value]) => `${name}=${quote(value)}`);
  return [`${instruction} ${pairs.join(" \\\n    ")}`];
}

function quote(value: string): string {
  return `"${value.replaceAll(/[\\"$]/g, "\\$&").replaceAll(/[\r\n]+/g, " ")}"`;
}

/** Names with blanks need the JSON form. */
function words(names: readonly string[]): string {
  return names.some((name) => /\s/.test(name)) ? JSON.stringify(names) : names.join(" ");
}

function textFile(path: string, text: string): StagedFile {
  const bytes = new TextEncoder().encode(text);
  return { path, mode: 0o644, size: bytes.length, content: { kind: "bytes", bytes } };
}
