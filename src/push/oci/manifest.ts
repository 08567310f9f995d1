import { TrussError, exitCodes } from "../../errors.ts";
import { isDigest } from "./digest.ts";
import { type JsonObject, asList, asObject, asString, asStringMap, parseObject } from "./json.ts";
import { type Descriptor, mediaTypes } from "./types.ts";

/** A manifest as it was read: one image, or a list of them for several platforms. */
export type ParsedManifest =
  | { readonly kind: "image"; readonly config: Descriptor; readonly layers: readonly Descriptor[] }
  | { readonly kind: "index"; readonly manifests: readonly Descriptor[] };

/** No manifest of a real image comes near it. */
export const manifestLimit = 4 << 20;

/**
 * Reads a manifest of either family, OCI or docker.
 *
 * @throws TrussError BASE_INVALID
 */
export function parseManifest(bytes: Uint8Array, name: string): ParsedManifest {
  const parsed = parseObject(bytes);
  if (parsed === undefined) throw invalidBase(name, "its manifest is no JSON object");
  if (parsed["schemaVersion"] !== 2)
    throw invalidBase(name, "its manifest is of a version that nobody writes any more");
  if (Array.isArray(parsed["manifests"])) {
    return { kind: "index", manifests: parsed["manifests"].map((entry) => parseDescriptor(entry, name)) };
  }
  const config = parseDescriptor(parsed["config"], name);
  return { kind: "image", config, layers: asList(parsed["layers"]).map((entry) => parseLayer(entry, name)) };
}

/** @throws TrussError BASE_INVALID */
export function parseDescriptor(value: unknown, name: string): Descriptor {
  const found = asObject(value) ?? {};
  const { mediaType, digest, size } = found;
  if (typeof mediaType !== "string" || typeof digest !== "string" || typeof size !== "number") {
    throw invalidBase(name, "its manifest names content without a media type, digest or size");
  }
  if (!isDigest(digest))
    throw invalidBase(name, `its manifest names ${JSON.stringify(digest)}, which is no sha256 digest`);
  if (!Number.isSafeInteger(size) || size < 0)
    throw invalidBase(name, `its manifest gives ${digest} an impossible size`);
  const artifactType = asString(found["artifactType"]);
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...parsePlatform(found),
    ...(found["annotations"] === undefined ? {} : { annotations: asStringMap(found["annotations"]) }),
  };
}

/** Whether a descriptor leads to an image or a list of images. */
export function isManifestType(mediaType: string): boolean {
  const { manifest, index, dockerManifest, dockerList } = mediaTypes;
  return [manifest, index, dockerManifest, dockerList].some((known) => known === mediaType);
}

export function invalidBase(name: string, why: string, hint?: string): TrussError {
  return new TrussError("BASE_INVALID", `The base image ${name} cannot be used: ${why}.`, {
    ...(hint === undefined ? {} : { hint }),
    exitCode: exitCodes.validation,
  });
}

/** Docker's names of the same content have a twin in the OCI specification, and images of ours are all OCI. */
const layerTypes: Readonly<Record<string, string>> = {
  "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip": mediaTypes.layer,
  "application/vnd.docker.image.rootfs.diff.tar.zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
};

function parseLayer(value: unknown, name: string): Descriptor {
  const { mediaType, digest, size } = parseDescriptor(value, name);
  const known = layerTypes[mediaType] ?? mediaType;
  if (!/^application\/vnd\.oci\.image\.layer\.v1\.tar(\+(gzip|zstd))?$/.test(known)) {
    throw invalidBase(name, `it has a layer of the type ${mediaType}`);
  }
  return { mediaType: known, digest, size };
}

function parsePlatform(found: JsonObject): Pick<Descriptor, "platform"> {
  const platform = asObject(found["platform"]);
  const os = asString(platform?.["os"]);
  const architecture = asString(platform?.["architecture"]);
  const variant = asString(platform?.["variant"]);
  if (os === undefined || architecture === undefined) return {};
  return { platform: { os, architecture, ...(variant === undefined ? {} : { variant }) } };
}
