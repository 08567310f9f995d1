import type { Reporter } from "../../events.ts";
import { imageHome } from "../image-settings.ts";
import { createPackages } from "../packages/packages.ts";
import { type Platform, platformName } from "../platform.ts";
import { createSbom } from "../sbom.ts";
import type { Stage } from "../types.ts";
import type { BlobStore } from "./blob-store.ts";
import { createConfig, sortKeys } from "./config.ts";
import { digestOf } from "./digest.ts";
import { createLayer } from "./layer.ts";
import { libcOf } from "./libc.ts";
import type { TarItem } from "./tar.ts";
import {
  type Annotations,
  type Base,
  type Blob,
  type BuiltImage,
  type Descriptor,
  type ImageConfig,
  type Layer,
  type Manifest,
  type PlatformImage,
  mediaTypes,
} from "./types.ts";

/** All that an image is made of. */
export interface BuildRequest {
  readonly stage: Stage;
  readonly base: Base;
  readonly platforms: readonly Platform[];
  readonly packages: "install" | "trace";
  readonly sbom: boolean;
  readonly annotations: Annotations;
  readonly created: string;
  readonly store: BlobStore;
  readonly report: Reporter;
  readonly signal: AbortSignal;
}

type Libc = ReturnType<typeof libcOf>;

/** Builds an image for each platform; several are held together by an index. The base's layers are not fetched. */
export async function buildImage(request: BuildRequest): Promise<BuiltImage> {
  const { platforms, annotations } = request;
  const images: PlatformImage[] = [];
  for (const platform of platforms) images.push(await buildForPlatform(request, platform));
  const [only, ...others] = images;
  if (only !== undefined && others.length === 0) return { root: only.manifest, images };
  const manifests = images.map(({ manifest, platform }) => ({ ...manifest.descriptor, platform }));
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests, annotations: sortKeys(annotations) };
  const children = images.map(({ manifest }) => manifest);
  return { root: createManifest(index, mediaTypes.index, [], children), images };
}

async function buildForPlatform(request: BuildRequest, platform: Platform): Promise<PlatformImage> {
  const { stage, store, report, annotations, created } = request;
  const base = await request.base.image(platform);
  report({ event: "step", message: `Building the image for ${platformName(platform)}` });
  const own = await createLayers(request, platform, libcOf(base));
  const layers = [...base.layers, ...own];
  const config = jsonBlob(store, createConfig({ stage, base, layers: own, annotations, created }), mediaTypes.config);
  const manifest = imageManifest(config, layers, annotations);
  const referrers = request.sbom ? [await attachSbom(request, platform, manifest)] : [];
  return { platform, manifest, layers, referrers };
}

/** What changes seldom comes first, so that an edit of the model changes the last one alone. */
async function createLayers(request: BuildRequest, platform: Platform, libc: Libc): Promise<readonly Layer[]> {
  const { stage, store, signal } = request;
  const data = stage.files.filter(({ path }) => path.startsWith("data/"));
  const model = stage.files.filter(({ path }) => !path.startsWith("data/"));
  const packages = await createPackagesLayer(request, platform, libc);
  const layers = packages === undefined ? [] : [packages];
  if (data.length > 0) layers.push(await createLayer(store, { kind: "data", items: async () => inHome(data) }, signal));
  layers.push(await createLayer(store, { kind: "model", items: async () => inHome(model) }, signal));
  return layers;
}

async function createPackagesLayer(request: BuildRequest, platform: Platform, libc: Libc): Promise<Layer | undefined> {
  const { stage, store, report, signal } = request;
  const packages = await createPackages({ stage, platform, libc, how: request.packages, report, signal });
  if (packages === undefined) return undefined;
  try {
    const items = async () => inHome(await packages.read());
    return await createLayer(store, { kind: "packages", key: packages.key, items }, signal);
  } finally {
    await packages.close();
  }
}

/** The stage as the image has it, below its own folder. */
function inHome(files: readonly (Stage["files"][number] | TarItem)[]): readonly TarItem[] {
  const home = imageHome.slice(1);
  return files.map((file) => {
    const placed = { ...file, path: `${home}/${file.path}` };
    return "kind" in placed ? placed : { kind: "file", ...placed };
  });
}

function imageManifest(config: Blob, layers: readonly Layer[], annotations: Annotations): Manifest {
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
    annotations: sortKeys(annotations),
  };
  return createManifest(manifest, mediaTypes.manifest, [config, ...layers]);
}

/** The bill of materials says by itself whose it is; the image does not change by it. */
async function attachSbom(request: BuildRequest, platform: Platform, subject: Manifest): Promise<Manifest> {
  const { stage, store, created } = request;
  const sbom = bytesBlob(store, await createSbom(stage, platform), mediaTypes.sbom);
  const nothing = bytesBlob(store, Buffer.from("{}"), mediaTypes.empty);
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: mediaTypes.sbom,
    config: nothing.descriptor,
    layers: [sbom.descriptor],
    subject: subject.descriptor,
    annotations: { "org.opencontainers.image.created": created },
  };
  const made = createManifest(manifest, mediaTypes.manifest, [nothing, sbom]);
  const descriptor = { ...made.descriptor, artifactType: mediaTypes.sbom, annotations: manifest.annotations };
  return { ...made, descriptor };
}

function createManifest(
  content: ImageConfig,
  mediaType: string,
  blobs: readonly Blob[],
  children: readonly Manifest[] = [],
): Manifest {
  const bytes = Buffer.from(JSON.stringify(content));
  return { bytes, descriptor: describe(bytes, mediaType), blobs, children };
}

function jsonBlob(store: BlobStore, content: ImageConfig, mediaType: string): Blob {
  return bytesBlob(store, Buffer.from(JSON.stringify(content)), mediaType);
}

function bytesBlob(store: BlobStore, bytes: Uint8Array, mediaType: string): Blob {
  const descriptor = describe(bytes, mediaType);
  const { digest, size } = descriptor;
  return { descriptor, file: async () => (await store.find(digest, size)) ?? store.add(digest, size, once(bytes)) };
}

function describe(bytes: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
