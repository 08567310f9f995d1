import { join, relative, resolve } from "node:path";
import { isTrussError } from "../../errors.ts";
import { cacheFolder } from "../../lib/cache-folder.ts";
import { createAnnotations, readCreated, readRevision } from "../oci/annotations.ts";
import { createBlobStore } from "../oci/blob-store.ts";
import { buildImage } from "../oci/build.ts";
import { writeLayout } from "../oci/layout.ts";
import { openBase } from "../oci/open-base.ts";
import { pruneStore } from "../oci/prune.ts";
import { type ImageReference, formatReference } from "../oci/reference.ts";
import { pushImage } from "../oci/registry/push.ts";
import { writeTarball } from "../oci/tarball.ts";
import type { BuiltImage } from "../oci/types.ts";
import type { PublishRequest, Published, Stage } from "../types.ts";
import type { ImageOptions } from "./image-options.ts";
import { type Delivery, describeImage, describeUnbuilt } from "./image-summary.ts";

/** Builds an image without an engine and brings it to a registry, a folder or a file. */
export async function deliverImage(request: PublishRequest, options: ImageOptions): Promise<Published> {
  const { dryRun, report } = request;
  try {
    const { base, image } = await build(request, options);
    const delivery = { request, options, base, image };
    return describeImage(dryRun ? delivery : { ...delivery, ...(await bringAway(delivery)) });
  } catch (error) {
    // Everything else has been looked at, and a base that is out of reach is no fault of the project's.
    if (!dryRun || !isTrussError(error) || !unreachable.has(error.code)) throw error;
    report({ event: "warning", message: `${error.message} The image's digest is not known without its base.` });
    return describeUnbuilt(request, options);
  }
}

const unreachable: ReadonlySet<string> = new Set(["NETWORK_FAILED", "REGISTRY_FAILED", "AUTH_REFUSED"]);

async function build(request: PublishRequest, options: ImageOptions) {
  const { stage, report, signal } = request;
  const { platforms, packages, sbom } = options;
  const created = readCreated();
  const revision = await readRevision(options.revision, stage.project.root);
  const cache = join(cacheFolder(), "oci");
  const store = createBlobStore(cache);
  report({ event: "step", message: "Reading the base image" });
  const base = await openBase(options.base, { store, report, signal });
  if (!base.pinned && base.digest !== undefined) {
    const message = `The base ${base.name} is ${base.digest} at the moment; --base ${pinned(base.name, base.digest)} keeps it.`;
    report({ event: "note", message });
  }
  const annotations = createAnnotations(stage, base, created, revision);
  const image = await buildImage({
    stage,
    base,
    platforms,
    packages,
    sbom,
    annotations,
    created,
    store,
    report,
    signal,
  });
  await pruneStore(cache);
  return { base, image };
}

function pinned(name: string, digest: string): string {
  return `${name.replace(/:[^:/]+$/, "")}@${digest}`;
}

/** To a registry, to a place on disk, or both; to a file in the working folder where nothing was said. */
async function bringAway({ request, options, image }: Delivery): Promise<Pick<Delivery, "path" | "uploads">> {
  const { report, signal, stage } = request;
  const uploads = options.image === undefined ? undefined : await push(request, options.image, image);
  if (options.out === undefined && options.image !== undefined) return uploads === undefined ? {} : { uploads };
  const name = options.tag ?? options.image ?? nameOf(stage);
  const path = outputPath(options, stage);
  report({ event: "step", message: `Writing ${relative(process.cwd(), path) || path}` });
  if (isTarball(path)) await writeTarball(image, path, name, signal);
  else await writeLayout(image, path, name.tag ?? "latest");
  return { path, ...(uploads === undefined ? {} : { uploads }) };
}

async function push({ report, signal }: PublishRequest, destination: ImageReference, image: BuiltImage) {
  report({ event: "step", message: `Pushing to ${formatReference(destination)}` });
  return pushImage(image, destination, { report, signal });
}

export function outputPath({ out }: ImageOptions, stage: Stage): string {
  return resolve(out ?? `${nameOf(stage).name.replace(/^library\//, "")}.image.tar`);
}

function isTarball(path: string): boolean {
  return path.endsWith(".tar");
}

/** The model's name, as far as it can be the name of an image. */
function nameOf({ project }: Stage): ImageReference {
  const plain = (project.config.modelName ?? "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return { registry: "docker.io", name: `library/${plain.slice(0, 100).replace(/-+$/, "") || "model"}`, tag: "latest" };
}
