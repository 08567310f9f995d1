import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { TrussError, isTrussError } from "../../errors.ts";
import { hexOf } from "./digest.ts";
import { contentOf, indexOf, layoutMarker, refNameAnnotation } from "./layout.ts";
import { formatReference, type ImageReference } from "./reference.ts";
import { type TarItem, packItems } from "./tar.ts";
import type { BuiltImage } from "./types.ts";

/**
 * Writes an image as one file that `docker load`, `podman load` and readers of the OCI layout take. Bills of materials
 * are not in it: programs that load it would take them for images.
 */
export async function writeTarball(
  image: BuiltImage,
  file: string,
  name: ImageReference,
  signal: AbortSignal,
): Promise<void> {
  const begun = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString("hex")}.part`);
  try {
    await mkdir(dirname(file), { recursive: true });
    const items = await listItems(image, name);
    await pipeline(packItems(items), createWriteStream(begun, { flags: "wx" }), { signal });
    await rename(begun, file);
  } catch (cause) {
    await rm(begun, { force: true }).catch(() => undefined);
    signal.throwIfAborted();
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : undefined;
    if (isTrussError(cause) || code === undefined) throw cause;
    throw new TrussError("WRITE_FAILED", `The image cannot be written to ${file} (${code}).`, {
      hint: "name another file with --out",
      cause,
    });
  }
}

async function listItems(image: BuiltImage, name: ImageReference): Promise<readonly TarItem[]> {
  const bare = { root: image.root, images: image.images.map((built) => ({ ...built, referrers: [] })) };
  const { blobs, manifests } = contentOf(bare);
  const items: TarItem[] = [];
  for (const { descriptor, file } of blobs) {
    const content = { kind: "file", file: await file() } as const;
    items.push({ kind: "file", path: blobPath(descriptor.digest), mode: 0o644, size: descriptor.size, content });
  }
  for (const { descriptor, bytes } of manifests) items.push(textItem(blobPath(descriptor.digest), bytes));
  const root = { ...image.root.descriptor, annotations: nameAnnotations(name) };
  items.push(textItem("index.json", indexOf([root])));
  items.push(textItem("oci-layout", layoutMarker));
  items.push(textItem("manifest.json", savedManifest(image, name)));
  return items;
}

/** Docker's own list. It knows of no platforms: the first is the one it gets. */
function savedManifest({ images }: BuiltImage, name: ImageReference): string {
  const [first] = images;
  const [config] = first?.manifest.blobs ?? [];
  const pathOf = (digest: string | undefined) => (digest === undefined ? "" : blobPath(digest));
  return JSON.stringify([
    {
      Config: pathOf(config?.descriptor.digest),
      RepoTags: [shortName(name)],
      Layers: (first?.layers ?? []).map(({ descriptor }) => pathOf(descriptor.digest)),
    },
  ]);
}

function nameAnnotations(name: ImageReference) {
  return { "io.containerd.image.name": formatReference(name), [refNameAnnotation]: name.tag ?? "latest" };
}

/** Docker leaves out its own registry. */
function shortName(name: ImageReference): string {
  return formatReference(name).replace(/^docker\.io\/(library\/)?/, "");
}

function blobPath(digest: string): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

function textItem(path: string, content: string | Uint8Array): TarItem {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return { kind: "file", path, mode: 0o644, size: bytes.length, content: { kind: "bytes", bytes } };
}
