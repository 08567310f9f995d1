import type { Platform } from "../../platform.ts";
import { platformName } from "../../platform.ts";
import { asObject, asStrings, parseObject } from "../json.ts";
import { invalidBase, isManifestType, parseManifest } from "../manifest.ts";
import type { BaseImage, Descriptor, Layer } from "../types.ts";

/** Where the content of a base is: a registry, a folder, a tarball. */
export interface BaseContent {
  /** As messages call the base. */
  readonly name: string;
  /** Manifests and configs, whole and checked. */
  read(descriptor: Descriptor): Promise<Uint8Array>;
  layer(descriptor: Descriptor, diffId: string): Promise<Layer>;
}

/** Nobody nests them deeper than one in another. */
const maxDepth = 3;

/**
 * The image for a platform behind a manifest or an index.
 *
 * @throws TrussError BASE_INVALID
 */
export async function readBaseImage(
  content: BaseContent,
  root: Descriptor,
  platform: Platform,
  depth = 0,
): Promise<BaseImage> {
  const parsed = parseManifest(await content.read(root), content.name);
  if (parsed.kind === "index") {
    if (depth === maxDepth) throw invalidBase(content.name, "its indexes are nested too deeply");
    return readBaseImage(content, pickPlatform(content.name, parsed.manifests, platform), platform, depth + 1);
  }
  const config = parseObject(await content.read(parsed.config));
  if (config === undefined) throw invalidBase(content.name, "its config is no JSON object");
  requirePlatform(content.name, config, platform);
  const diffIds = asStrings(asObject(config["rootfs"])?.["diff_ids"]);
  if (diffIds.length !== parsed.layers.length) {
    throw invalidBase(content.name, `it has ${parsed.layers.length} layers, and its config names ${diffIds.length}`);
  }
  const layers = parsed.layers.map((layer, at) => content.layer(layer, diffIds[at] ?? ""));
  return { platform, config, layers: await Promise.all(layers) };
}

function pickPlatform(name: string, manifests: readonly Descriptor[], platform: Platform): Descriptor {
  const images = manifests.filter(
    ({ mediaType, artifactType }) => isManifestType(mediaType) && artifactType === undefined,
  );
  const fitting = images.filter(({ platform: found }) => {
    return found?.os === platform.os && found.architecture === platform.architecture;
  });
  // A variant such as v3 asks more of a processor than everyone's has; arm64 has the one v8.
  const plain = fitting.find(({ platform: found }) => [undefined, "", "v8", "v1"].includes(found?.variant));
  const picked = plain ?? fitting[0];
  if (picked !== undefined) return picked;
  const known = images.flatMap(({ platform: found }) =>
    found === undefined ? [] : [`${found.os}/${found.architecture}`],
  );
  throw invalidBase(name, `it has no image for ${platformName(platform)}`, `it has: ${[...new Set(known)].join(", ")}`);
}

export function requirePlatform(name: string, config: Readonly<Record<string, unknown>>, platform: Platform): void {
  const { os, architecture } = config;
  if (os === platform.os && architecture === platform.architecture) return;
  throw invalidBase(
    name,
    `it is for ${String(os)}/${String(architecture)}, not ${platformName(platform)}`,
    `give a base for ${platformName(platform)}, or another --platform`,
  );
}
