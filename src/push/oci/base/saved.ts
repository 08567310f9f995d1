import { open, readFile } from "node:fs/promises";
import type { Platform } from "../../platform.ts";
import { type BlobStore, readBlob } from "../blob-store.ts";
import { hexOf, isDigest } from "../digest.ts";
import { asList, asObject, asString, asStrings, parseJson, parseObject } from "../json.ts";
import { compressLayer } from "../layer.ts";
import { invalidBase, manifestLimit } from "../manifest.ts";
import { type Base, type BaseImage, type Descriptor, type Layer, mediaTypes } from "../types.ts";
import { type BaseContent, readBaseImage, requirePlatform } from "./content.ts";
import { pickTagged } from "./layout.ts";
import { type TarballFiles, openTarballFiles } from "./tarball.ts";

/** What reading a tarball needs. */
export interface TarballContext {
  readonly store: BlobStore;
  readonly signal: AbortSignal;
}

/** A base in a tarball: what `docker save`, `podman save` and `skopeo copy` write, gzipped or not. */
export async function openTarball(file: string, tag: string | undefined, context: TarballContext): Promise<Base> {
  const name = tag === undefined ? file : `${file}:${tag}`;
  const files = await openTarballFiles(file, name, context.store);
  const index = await files.readText("index.json");
  if (index !== undefined) return ociBase(name, files, parseObject(index)?.["manifests"], tag, context);
  const saved = await files.readText("manifest.json");
  if (saved === undefined) throw invalidBase(name, "it holds neither an index.json nor a manifest.json");
  const chosen = pickSaved(name, saved, tag);
  return {
    name,
    digest: files.digest,
    portable: false,
    pinned: true,
    image: (platform) => readSaved(name, files, chosen, platform, context),
  };
}

async function ociBase(
  name: string,
  files: TarballFiles,
  manifests: unknown,
  tag: string | undefined,
  context: TarballContext,
): Promise<Base> {
  const root = pickTagged(name, manifests, tag);
  const pathOf = ({ digest }: Descriptor) => `blobs/sha256/${hexOf(digest)}`;
  const locate = async (descriptor: Descriptor) => {
    const found = files.find(pathOf(descriptor));
    if (found !== undefined && found.digest !== descriptor.digest) {
      throw invalidBase(name, `its blob ${descriptor.digest} is damaged`);
    }
    return files.locate(pathOf(descriptor));
  };
  const content: BaseContent = {
    name,
    async read(descriptor) {
      if (descriptor.size > manifestLimit) throw invalidBase(name, `its manifest ${descriptor.digest} is too large`);
      return readFile(await locate(descriptor));
    },
    async layer(descriptor, diffId) {
      // Docker saves layers as they lie on its disk; nobody wants to push them so.
      if (!descriptor.mediaType.endsWith(".tar")) {
        return { kind: "base", descriptor, diffId, reused: true, file: () => locate(descriptor) };
      }
      return pressFile(await locate(descriptor), descriptor.digest, context);
    },
  };
  return {
    name,
    digest: root.digest,
    portable: false,
    pinned: true,
    image: (platform) => readBaseImage(content, root, platform),
  };
}

/** One image of docker's own form: names of files inside the tarball. */
interface SavedImage {
  readonly config: string;
  readonly layers: readonly string[];
}

function pickSaved(name: string, text: string, tag: string | undefined): SavedImage {
  const list = parseJson(text);
  if (!Array.isArray(list)) throw invalidBase(name, "its manifest.json is no list");
  const images = asList(list).map((entry) => asObject(entry) ?? {});
  const fits = (tags: readonly string[]) =>
    tag === undefined || tags.some((known) => known === tag || known.endsWith(`:${tag}`));
  const [only, ...others] = images.filter((image) => fits(asStrings(image["RepoTags"])));
  const known = images.flatMap((image) => asStrings(image["RepoTags"])).join(", ");
  const hint = known === "" ? undefined : `it holds: ${known}`;
  if (only === undefined) throw invalidBase(name, "it holds no such image", hint);
  if (others.length > 0) throw invalidBase(name, "it holds several images; save one alone", hint);
  return { config: asString(only["Config"]) ?? "", layers: asStrings(only["Layers"]) };
}

async function readSaved(
  name: string,
  files: TarballFiles,
  saved: SavedImage,
  platform: Platform,
  context: TarballContext,
): Promise<BaseImage> {
  const config = parseObject((await files.readText(saved.config)) ?? "");
  if (config === undefined) throw invalidBase(name, "its config is missing, or no JSON object");
  requirePlatform(name, config, platform);
  const diffIds = asStrings(asObject(config["rootfs"])?.["diff_ids"]);
  if (diffIds.length !== saved.layers.length || !diffIds.every(isDigest)) {
    throw invalidBase(name, `it has ${saved.layers.length} layers, and its config names ${diffIds.length}`);
  }
  const layers: Layer[] = [];
  for (const [at, path] of saved.layers.entries()) {
    layers.push(await savedLayer(name, files, path, diffIds[at] ?? "", context));
  }
  return { platform, config, layers };
}

async function savedLayer(
  name: string,
  files: TarballFiles,
  path: string,
  diffId: string,
  context: TarballContext,
): Promise<Layer> {
  const file = await files.locate(path);
  const { digest = "", size = 0 } = files.find(path) ?? {};
  if (await isGzipped(file)) {
    const descriptor = { mediaType: mediaTypes.layer, digest, size };
    return { kind: "base", descriptor, diffId, reused: true, file: async () => file };
  }
  if (digest !== diffId) throw invalidBase(name, `its layer ${JSON.stringify(path)} is damaged`);
  return pressFile(file, diffId, context);
}

function pressFile(file: string, diffId: string, { store, signal }: TarballContext): Promise<Layer> {
  return compressLayer(store, diffId, () => readBlob(file), signal);
}

async function isGzipped(file: string): Promise<boolean> {
  const handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0).finally(() => handle.close());
  return buffer.readUInt16BE(0) === 0x1f8b;
}
