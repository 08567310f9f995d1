import { constants } from "node:fs";
import { copyFile, mkdir, readFile, readdir, rename, rm } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { TrussError } from "../../errors.ts";
import { writeAtomically } from "./blob-store.ts";
import { fileMatches, hexOf } from "./digest.ts";
import { asList, asObject, asString, asStringMap, parseObject } from "./json.ts";
import { type Blob, type BuiltImage, type Manifest, mediaTypes } from "./types.ts";

/** The annotation that names an image in a layout. */
export const refNameAnnotation = "org.opencontainers.image.ref.name";

export const layoutMarker = JSON.stringify({ imageLayoutVersion: "1.0.0" });

/** Writes an image into a folder of the OCI image layout. Other images that it holds stay. */
export async function writeLayout(image: BuiltImage, folder: string, tag: string): Promise<void> {
  try {
    await fillLayout(image, folder, tag);
  } catch (cause) {
    const code = cause instanceof Error && "syscall" in cause && "code" in cause ? String(cause.code) : undefined;
    if (code === undefined) throw cause;
    throw new TrussError("WRITE_FAILED", `The image cannot be written to ${folder} (${code}).`, {
      hint: "name another folder with --out",
      cause,
    });
  }
}

async function fillLayout(image: BuiltImage, folder: string, tag: string): Promise<void> {
  const others = await readOthers(folder, tag);
  const place = join(folder, "blobs", "sha256");
  await mkdir(place, { recursive: true });
  const { blobs, manifests } = contentOf(image);
  for (const blob of blobs) await copyBlob(blob, join(place, hexOf(blob.descriptor.digest)));
  for (const { descriptor, bytes } of manifests) await writeAtomically(join(place, hexOf(descriptor.digest)), bytes);
  await writeAtomically(join(folder, "oci-layout"), layoutMarker);
  const root = { ...image.root.descriptor, annotations: { [refNameAnnotation]: tag } };
  const referrers = image.images.flatMap((built) => built.referrers.map(({ descriptor }) => descriptor));
  await writeAtomically(join(folder, "index.json"), indexOf([root, ...referrers, ...others.filter(isForeign(image))]));
  const ours = new Set([...blobs, ...manifests].map(({ descriptor }) => hexOf(descriptor.digest)));
  // Where nobody else's image is, what an earlier push has left belongs to nothing.
  if (others.length === 0) await removeOthers(place, ours);
}

/** Each blob once, and all manifests. */
export function contentOf({ root, images }: BuiltImage): { blobs: readonly Blob[]; manifests: readonly Manifest[] } {
  const manifests = [root, ...images.flatMap(({ manifest, referrers }) => [manifest, ...referrers])];
  const unique = new Map(manifests.map((manifest) => [manifest.descriptor.digest, manifest]));
  const blobs = manifests.flatMap((manifest) => manifest.blobs);
  return {
    manifests: [...unique.values()],
    blobs: [...new Map(blobs.map((blob) => [blob.descriptor.digest, blob])).values()],
  };
}

export function indexOf(manifests: readonly unknown[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests });
}

/** The entries of other images; those of the tag that is written, and what was attached to them, are replaced. */
async function readOthers(folder: string, tag: string): Promise<readonly unknown[]> {
  const read = (name: string) => readFile(join(folder, name), "utf8").catch(() => undefined);
  const [marker, index] = [await read("oci-layout"), await read("index.json")];
  if (index === undefined) return [];
  if (marker === undefined) {
    throw new TrussError("DIRECTORY_NOT_EMPTY", `${folder} has an index.json that belongs to no OCI layout.`, {
      hint: "name another folder with --out",
    });
  }
  const entries = asList(parseObject(index)?.["manifests"]).map((entry) => asObject(entry) ?? {});
  const tagged = entries.filter(({ annotations }) => asStringMap(annotations)[refNameAnnotation] !== undefined);
  const others = tagged.filter(({ annotations }) => asStringMap(annotations)[refNameAnnotation] !== tag);
  return others.length === 0
    ? []
    : [...others, ...entries.filter((entry) => asString(entry["artifactType"]) !== undefined)];
}

function isForeign(image: BuiltImage): (entry: unknown) => boolean {
  const ours = new Set(contentOf(image).manifests.map(({ descriptor }) => descriptor.digest));
  return (entry) => !ours.has(asString(asObject(entry)?.["digest"]) ?? "");
}

async function copyBlob({ descriptor, file }: Blob, to: string): Promise<void> {
  if (await fileMatches(to, descriptor.digest, descriptor.size)) return;
  const fresh = `${to}.${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    await copyFile(await file(), fresh, constants.COPYFILE_FICLONE);
    await rename(fresh, to);
  } finally {
    await rm(fresh, { force: true });
  }
}

async function removeOthers(place: string, ours: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(place)) {
    if (/^[0-9a-f]{64}$/.test(name) && !ours.has(name)) await rm(join(place, name), { force: true });
  }
}
