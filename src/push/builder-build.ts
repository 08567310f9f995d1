import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { TrussError } from "../errors.ts";
import { type ExecResult, exec } from "../lib/exec.ts";
import { type BuilderCommand, buildCommand, digestCommand, pushCommand, saveCommand } from "./builder-commands.ts";
import { lendSecrets } from "./builder-secrets.ts";
import type { BuilderTool } from "./builder-tools.ts";
import { imagePort } from "./image-settings.ts";
import { formatReference } from "./oci/reference.ts";
import { type Platform, platformName } from "./platform.ts";
import type { ImageOptions } from "./targets/image-options.ts";
import type { PublishRequest, Published, Stage } from "./types.ts";

export interface Building {
  readonly tool: BuilderTool;
  readonly image: ImageOptions;
  /** Holds the Dockerfile and all that it copies. */
  readonly folder: string;
  /** Arguments of the Dockerfile that are not what it says itself. */
  readonly bases: Readonly<Record<string, string>>;
}

/** What the engine has made. */
interface Made {
  readonly tag: string;
  /** The engine's own name for it: of docker the digest of the image's config. */
  readonly id: string;
  /** Of the manifest; Docker has none before it is pushed. */
  readonly digest: string | undefined;
  /** Absolute path of the layout or archive. */
  readonly path?: string;
}

/**
 * Builds an image from a Dockerfile, and brings it to where it was asked for.
 *
 * @throws TrussError BUILDER_FAILED with the engine's last words
 */
export async function buildWith(request: PublishRequest, building: Building): Promise<Published> {
  const notes = await mkdtemp(join(tmpdir(), "truss-ts-builder-"));
  try {
    const { tag, id } = await build(request, building, notes);
    const pushed = await push(request, building, tag, notes);
    const saved = await save(request, building, tag, notes);
    // Where it goes it may be packed otherwise than where it was built.
    const digest = pushed ?? saved.digest ?? (await askDigest(request, building, tag));
    return describe(request, building, { tag, id, digest, ...saved.place });
  } finally {
    await rm(notes, { recursive: true, force: true });
  }
}

async function build(request: PublishRequest, building: Building, notes: string) {
  const { tool, image, folder, bases } = building;
  const { stage, report } = request;
  const tag = image.image === undefined ? localTag(image, stage) : formatReference(image.image);
  const idFile = join(notes, "id");
  const secrets = await lendSecrets(stage.project.root);
  try {
    report({ event: "step", message: `Building the image with ${tool.name}` });
    const platform = foreign(image.platforms);
    const order = {
      context: folder,
      tag,
      secrets: secrets.files,
      settings: bases,
      idFile,
      ...(platform === undefined ? {} : { platform }),
    };
    await run(request, tool, buildCommand(tool, order));
    return { tag, id: await readWord(idFile) };
  } finally {
    await secrets.close();
  }
}

async function push(request: PublishRequest, { tool, image }: Building, tag: string, notes: string) {
  if (image.image === undefined) return undefined;
  request.report({ event: "step", message: `Pushing to ${tag}` });
  const digestFile = join(notes, "pushed");
  const said = await run(request, tool, pushCommand(tool, tag, digestFile));
  return tool.name === "docker" ? /digest: (sha256:[0-9a-f]{64})/.exec(said)?.[1] : readWord(digestFile);
}

async function save(request: PublishRequest, { tool, image }: Building, tag: string, notes: string) {
  if (image.out === undefined) return { digest: undefined, place: {} };
  const path = resolve(image.out);
  const digestFile = join(notes, "saved");
  await mkdir(path.endsWith(".tar") ? resolve(path, "..") : path, { recursive: true });
  request.report({ event: "step", message: `Writing ${relative(process.cwd(), path) || path}` });
  await run(request, tool, saveCommand(tool, tag, path, digestFile));
  const digest = tool.name === "docker" ? undefined : await readWord(digestFile);
  return { digest, place: { path } };
}

async function askDigest(request: PublishRequest, { tool }: Building, tag: string): Promise<string | undefined> {
  const command = digestCommand(tool, tag);
  if (command === undefined) return undefined;
  return /sha256:[0-9a-f]{64}/.exec(await run(request, tool, command, "silent"))?.[0];
}

/** Runs one command of the engine, whose lines are part of the story. */
async function run(
  { report, signal }: PublishRequest,
  { name }: BuilderTool,
  { program, args, env }: BuilderCommand,
  how: "told" | "silent" = "told",
): Promise<string> {
  const onLine = (line: string) => report({ event: "output", stream: "stderr", text: `${line}\n` });
  const result = await exec({
    program,
    args,
    signal,
    ...(env === undefined ? {} : { env: { ...process.env, ...env } }),
    ...(how === "told" ? { onLine } : {}),
  });
  signal.throwIfAborted();
  if (result.how === "done") return result.output;
  throw failed(name, args[0] ?? "", result);
}

const shownLines = 20;

function failed(name: string, what: string, result: ExecResult): TrussError {
  const how = result.how === "failed" ? ` (${result.what})` : "";
  const lines = result.how === "failed" ? result.output.split(/\r?\n/).filter((line) => line.trim() !== "") : [];
  const tail = lines.slice(-shownLines).join("\n");
  return new TrussError("BUILDER_FAILED", `${name} ${what} failed${how}.${tail === "" ? "" : `\n${tail}`}`, {
    hint: "--dockerfile writes what it was given, to try by hand",
  });
}

/** Only another platform than the engine's own has to be named. */
function foreign(platforms: readonly Platform[]): string | undefined {
  const [platform] = platforms;
  const own = process.arch === "arm64" ? "arm64" : "amd64";
  return platform === undefined || platform.architecture === own ? undefined : platformName(platform);
}

/** By its content, so that an older one of the same model is not lost. */
function localTag({ tag }: ImageOptions, { project, digest }: Stage): string {
  if (tag !== undefined) return formatReference(tag).replace(/^docker\.io\/(?:library\/)?/, "");
  const plain = (project.config.modelName ?? "").toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const name = plain.slice(0, 100).replaceAll(/^-+|-+$/g, "");
  return `truss-ts/${name === "" ? "model" : name}:${digest.slice("sha256:".length, "sha256:".length + 12)}`;
}

async function readWord(file: string): Promise<string> {
  return (await readFile(file, "utf8").catch(() => "")).trim();
}

function describe({ stage }: PublishRequest, { tool, image }: Building, made: Made): Published {
  const { tag, id, digest, path } = made;
  const pinned =
    image.image === undefined || digest === undefined ? undefined : `${tag.replace(/:[^:/]+$/, "")}@${digest}`;
  const shown = path === undefined ? undefined : relative(process.cwd(), path) || path;
  return {
    reference: pinned ?? shown ?? tag,
    json: {
      digest: digest ?? null,
      image: pinned ?? null,
      tag,
      image_id: id,
      builder: tool.name,
      platforms: image.platforms.map(platformName),
      base: { name: image.base, digest: null },
      ...(path === undefined ? {} : { path }),
      stage: stage.digest,
    },
    summary: [
      ["Image", digest ?? id],
      ["Built by", tool.name],
      [image.image === undefined ? "Called" : "Pushed to", tag],
      ...(shown === undefined ? [] : [["Written to", shown] as const]),
    ],
    next: [
      `${tool.name === "docker" ? "docker" : "podman"} run --rm --init -p ${imagePort}:${imagePort} ${pinned ?? tag}`,
    ],
  };
}
