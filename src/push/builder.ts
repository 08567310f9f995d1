import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { buildWith } from "./builder-build.ts";
import { writeContext } from "./builder-context.ts";
import { type BuilderOptions, readBuilderOptions } from "./builder-options.ts";
import { lendBase, nameBase } from "./builder-base.ts";
import { type BuilderTool, findBuilder } from "./builder-tools.ts";
import { type BuildContext, createDockerfile } from "./dockerfile.ts";
import { type ImageOptions, readImageOptions } from "./targets/image-options.ts";
import type { PublishRequest, Published } from "./types.ts";
import { writeStaged } from "./write-staged.ts";

/**
 * `push --target image --builder docker`: a container engine builds the image from the generated Dockerfile.
 *
 * @throws TrussError BUILDER_NOT_FOUND, BUILDER_FAILED
 */
export async function publishWithBuilder(request: PublishRequest): Promise<Published> {
  const { image, own } = readOptions(request);
  const tool = await findTool(request, own);
  const bases = await lendBases({ image, own }, tool);
  const context = createContext(request, { image, own });
  if (request.dryRun) return describeDryRun(request, tool);
  const folder = await mkdtemp(join(tmpdir(), "truss-ts-build-"));
  try {
    await writeStaged(context.files, folder, request.signal);
    return await buildWith(request, { tool, image, folder, bases });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * `push --target image --dockerfile`: writes the Dockerfile and all that it copies; with `--builder` it is then built
 * from there, edits of the Dockerfile included.
 *
 * @throws TrussError DIRECTORY_NOT_EMPTY; with a builder as {@link publishWithBuilder}
 */
export async function publishDockerfile(request: PublishRequest): Promise<Published> {
  const { image, own } = readOptions(request);
  const tool = own.builder === undefined ? undefined : await findTool(request, own);
  const context = createContext(request, { image, own });
  const folder = resolve(own.dockerfile ?? "");
  if (!request.dryRun) await writeContext(context, folder, request);
  if (tool !== undefined && !request.dryRun) {
    return buildWith(request, { tool, image, folder, bases: await lendBases({ image, own }, tool) });
  }
  const shown = relative(process.cwd(), folder) || ".";
  return {
    reference: shown,
    json: { path: folder, dockerfile: join(folder, "Dockerfile"), stage: request.stage.digest },
    summary: [["Dockerfile", `${join(shown, "Dockerfile")}${request.dryRun ? " (not written)" : ""}`]],
    next: request.dryRun ? [] : [`docker build -t model ${shown}`],
  };
}

function readOptions({ flags }: PublishRequest): { image: ImageOptions; own: BuilderOptions } {
  return { image: readImageOptions(flags), own: readBuilderOptions(flags) };
}

interface Chosen {
  readonly image: ImageOptions;
  readonly own: BuilderOptions;
}

function createContext({ stage }: PublishRequest, { image, own }: Chosen): BuildContext {
  const { builderBase } = own;
  return createDockerfile(stage, {
    base: nameBase(image.base),
    ...(builderBase === undefined ? {} : { builderBase: nameBase(builderBase) }),
  });
}

/** Bases of this machine, whatever the Dockerfile calls them. */
async function lendBases({ image, own: { builderBase = image.base } }: Chosen, tool: BuilderTool) {
  const [base, packages] = [await lendBase(image.base, tool), await lendBase(builderBase, tool)];
  return {
    ...(base === undefined ? {} : { BASE: base }),
    ...(packages === undefined ? {} : { BUILDER_BASE: packages }),
  };
}

async function findTool({ stage, report, signal }: PublishRequest, { builder = "auto" }: BuilderOptions) {
  report({ event: "step", message: builder === "auto" ? "Looking for a container engine" : `Looking for ${builder}` });
  return findBuilder(builder, stage.installation !== undefined, signal);
}

function describeDryRun({ stage }: PublishRequest, { name }: BuilderTool): Published {
  const json = { builder: name, digest: null, image: null, stage: stage.digest };
  return { reference: stage.digest, json, summary: [["Builder", name]], next: [] };
}
