import { relative } from "node:path";
import { type ImageReference, formatReference } from "../oci/reference.ts";
import type { Upload } from "../oci/registry/upload.ts";
import type { Base, BuiltImage, Layer } from "../oci/types.ts";
import { type Platform, platformName } from "../platform.ts";
import { imagePort } from "../image-settings.ts";
import type { PublishRequest, Published } from "../types.ts";
import type { ImageOptions } from "./image-options.ts";

/** What was made of a stage, and where it went. */
export interface Delivery {
  readonly request: PublishRequest;
  readonly options: ImageOptions;
  readonly base: Base;
  readonly image: BuiltImage;
  /** Absolute path of the layout or tarball. */
  readonly path?: string;
  /** What became of each blob at the registry, by digest. */
  readonly uploads?: ReadonlyMap<string, Upload>;
}

/** What `push` says of an image, to people and to programs. */
export function describeImage(delivery: Delivery): Published {
  const { image, options, base, path, request } = delivery;
  const { digest } = image.root.descriptor;
  const pinned = options.image === undefined ? undefined : pin(options.image, digest);
  const layers = image.images.flatMap(({ platform, layers }) =>
    layers.map((layer) => describeLayer(delivery, platform, layer)),
  );
  return {
    reference: request.dryRun ? digest : (pinned ?? shorten(path ?? digest)),
    json: {
      digest,
      image: pinned ?? null,
      ...(options.image === undefined ? {} : { tag: formatReference(options.image) }),
      platforms: options.platforms.map(platformName),
      base: { name: base.name, digest: base.digest ?? null },
      layers,
      sbom: image.images.flatMap(({ referrers }) => referrers.map(({ descriptor }) => descriptor.digest)),
      ...(path === undefined ? {} : { path }),
      stage: request.stage.digest,
    },
    summary: [
      ["Image", request.dryRun ? `${digest} (not written)` : digest],
      ...(options.image === undefined || request.dryRun
        ? []
        : [["Pushed to", formatReference(options.image)] as const]),
      ...(path === undefined ? [] : [["Written to", shorten(path)] as const]),
      ["Platforms", options.platforms.map(platformName).join(", ")],
      ["Base", base.name],
      ...(["packages", "data", "model"] as const).flatMap((kind) => summarise(delivery, kind)),
    ],
    next: request.dryRun ? [] : nextSteps(pinned, path, options),
  };
}

/** A dry run whose base was out of reach. */
export function describeUnbuilt({ stage }: PublishRequest, options: ImageOptions): Published {
  const platforms = options.platforms.map(platformName);
  return {
    reference: stage.digest,
    json: {
      digest: null,
      image: null,
      platforms,
      base: { name: options.base, digest: null },
      layers: [],
      stage: stage.digest,
    },
    summary: [
      ["Platforms", platforms.join(", ")],
      ["Base", `${options.base} (not reached)`],
    ],
    next: [],
  };
}

function describeLayer(delivery: Delivery, platform: Platform, layer: Layer) {
  const { digest, size } = layer.descriptor;
  const { options } = delivery;
  const which = options.platforms.length > 1 ? { platform: platformName(platform) } : {};
  return { digest, size, kind: layer.kind, ...which, reused: isReused(delivery, layer) };
}

/** Nothing was sent for it; without a registry: nothing was made. */
function isReused({ uploads }: Delivery, { descriptor, reused }: Layer): boolean {
  const upload = uploads?.get(descriptor.digest);
  return upload === undefined ? reused : upload !== "sent";
}

function summarise(delivery: Delivery, kind: Layer["kind"]): (readonly [string, string])[] {
  const found = delivery.image.images.flatMap(({ layers }) => layers.filter((layer) => layer.kind === kind));
  if (found.length === 0) return [];
  const size = found.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  const known = found.every((layer) => isReused(delivery, layer));
  const label = `${kind.charAt(0).toUpperCase()}${kind.slice(1)} layer`;
  return [[label, `${formatSize(size)}${known ? ", unchanged" : ""}`]];
}

function formatSize(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function nextSteps(
  pinned: string | undefined,
  path: string | undefined,
  { tag, image }: ImageOptions,
): readonly string[] {
  const run = `docker run --rm --init -p ${imagePort}:${imagePort}`;
  if (pinned !== undefined) return [`${run} ${pinned}`];
  if (path === undefined) return [];
  const shown = shorten(path);
  if (path.endsWith(".tar")) return [`docker load -i ${shown}`];
  const name = tag ?? image;
  return [`skopeo copy oci:${shown}:${name?.tag ?? "latest"} docker://registry.example.com/team/model:1`];
}

function pin({ registry, name }: ImageReference, digest: string): string {
  return formatReference({ registry, name, digest });
}

function shorten(path: string): string {
  const shown = relative(process.cwd(), path);
  return shown.startsWith("..") || shown === "" ? path : shown;
}
