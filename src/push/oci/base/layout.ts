import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileMatches, hexOf } from "../digest.ts";
import { asList, parseObject } from "../json.ts";
import { refNameAnnotation } from "../layout.ts";
import { invalidBase, isManifestType, manifestLimit, parseDescriptor } from "../manifest.ts";
import type { Base, Descriptor } from "../types.ts";
import { type BaseContent, readBaseImage } from "./content.ts";

/** A base in a folder of the OCI image layout: `oci:DIR:TAG`. */
export async function openLayout(folder: string, tag: string | undefined): Promise<Base> {
  const name = `oci:${folder}${tag === undefined ? "" : `:${tag}`}`;
  const index = parseObject(await readFile(join(folder, "index.json")).catch(() => "null"));
  if (index === undefined) {
    throw invalidBase(
      name,
      "there is no OCI layout in this folder",
      "it would hold the files oci-layout and index.json",
    );
  }
  const root = pickTagged(name, index["manifests"], tag);
  const content = layoutContent(name, folder);
  return {
    name,
    digest: root.digest,
    portable: false,
    pinned: true,
    image: (platform) => readBaseImage(content, root, platform),
  };
}

/**
 * The entry of an `index.json` that a tag names, or its only image.
 *
 * @throws TrussError BASE_INVALID
 */
export function pickTagged(name: string, manifests: unknown, tag: string | undefined): Descriptor {
  const images = asList(manifests)
    .map((entry) => parseDescriptor(entry, name))
    .filter(({ mediaType, artifactType }) => isManifestType(mediaType) && artifactType === undefined);
  const tagOf = ({ annotations }: Descriptor) => annotations?.[refNameAnnotation];
  const found = tag === undefined ? images : images.filter((image) => tagOf(image) === tag);
  const [only, ...others] = found;
  if (only !== undefined && others.every(({ digest }) => digest === only.digest)) return only;
  const tags = images.flatMap((image) => tagOf(image) ?? []).join(", ");
  if (only === undefined)
    throw invalidBase(name, "it holds no such image", tags === "" ? undefined : `it holds: ${tags}`);
  throw invalidBase(name, "it holds several images", tags === "" ? undefined : `name one of: ${tags}`);
}

function layoutContent(name: string, folder: string): BaseContent {
  const find = async ({ digest, size }: Descriptor) => {
    const file = join(folder, "blobs", "sha256", hexOf(digest));
    if (await fileMatches(file, digest, size)) return file;
    const there = await stat(file).then(
      () => true,
      () => false,
    );
    throw invalidBase(name, there ? `its blob ${digest} is damaged` : `its blob ${digest} is missing`);
  };
  return {
    name,
    async read(descriptor) {
      if (descriptor.size > manifestLimit) throw invalidBase(name, `its manifest ${descriptor.digest} is too large`);
      return readFile(await find(descriptor));
    },
    async layer(descriptor, diffId) {
      return { kind: "base", descriptor, diffId, reused: true, file: () => find(descriptor) };
    },
  };
}
