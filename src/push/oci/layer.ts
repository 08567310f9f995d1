import { createHash } from "node:crypto";
import type { BlobStore, ByteSource } from "./blob-store.ts";
import { digestOf, hexOf, isDigest } from "./digest.ts";
import { compression, gzip } from "./gzip.ts";
import { type TarItem, packItems } from "./tar.ts";
import { type Layer, type LayerKind, mediaTypes } from "./types.ts";

/** What a layer is made of, read only where no such layer is at hand. */
export interface LayerRecipe {
  readonly kind: LayerKind;
  /** The same for the same content. Absent: the content itself is looked at. */
  readonly key?: string;
  readonly items: () => Promise<readonly TarItem[]>;
}

/** Makes a layer, or takes the one that was made of the same content before. */
export async function createLayer(store: BlobStore, recipe: LayerRecipe, signal: AbortSignal): Promise<Layer> {
  const { kind, key, items } = recipe;
  if (key !== undefined) {
    const name = noteName(`${kind} ${key}`);
    const kept = await findLayer(store, kind, name);
    if (kept !== undefined) return kept;
    return pressLayer(store, kind, packItems(await items()), name, signal);
  }
  const list = await items();
  const name = noteName(await hashTar(packItems(list), signal));
  const kept = await findLayer(store, kind, name);
  return kept ?? pressLayer(store, kind, packItems(list), name, signal);
}

/** A layer whose uncompressed bytes are known by their digest: that of a saved image. */
export async function compressLayer(
  store: BlobStore,
  diffId: string,
  source: () => ByteSource,
  signal: AbortSignal,
): Promise<Layer> {
  const name = noteName(diffId);
  return (await findLayer(store, "base", name)) ?? pressLayer(store, "base", source(), name, signal);
}

async function findLayer(store: BlobStore, kind: LayerKind, name: string): Promise<Layer | undefined> {
  const { digest, size, diffId } = (await store.readNote(name)) ?? {};
  if (typeof digest !== "string" || typeof diffId !== "string" || typeof size !== "number") return undefined;
  if (!isDigest(digest) || !isDigest(diffId)) return undefined;
  const file = await store.find(digest, size);
  return file === undefined ? undefined : layerOf(kind, { digest, size, diffId, file, reused: true });
}

async function pressLayer(
  store: BlobStore,
  kind: LayerKind,
  tar: ByteSource,
  note: string,
  signal: AbortSignal,
): Promise<Layer> {
  const whole = createHash("sha256");
  const packed = createHash("sha256");
  let size = 0;
  const draft = await store.draft();
  try {
    for await (const chunk of gzip(tapped(tar, (bytes) => whole.update(bytes)))) {
      signal.throwIfAborted();
      packed.update(chunk);
      size += chunk.length;
      await draft.write(chunk);
    }
    const digest = `sha256:${packed.digest("hex")}`;
    const diffId = `sha256:${whole.digest("hex")}`;
    const file = await draft.keep(digest);
    await store.writeNote(note, { digest, size, diffId });
    return layerOf(kind, { digest, size, diffId, file, reused: false });
  } finally {
    await draft.discard();
  }
}

function layerOf(
  kind: LayerKind,
  made: { digest: string; size: number; diffId: string; file: string; reused: boolean },
): Layer {
  const { digest, size, diffId, file, reused } = made;
  const descriptor = { mediaType: mediaTypes.layer, digest, size };
  return { kind, descriptor, diffId, reused, file: async () => file };
}

async function hashTar(tar: ByteSource, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of tar) {
    signal.throwIfAborted();
    hash.update(chunk);
  }
  return `sha256:${hash.digest("hex")}`;
}

async function* tapped(source: ByteSource, look: (bytes: Uint8Array) => unknown): ByteSource {
  for await (const chunk of source) {
    look(chunk);
    yield chunk;
  }
}

function noteName(key: string): string {
  return `layer-${hexOf(digestOf(`${compression}\n${key}`))}`;
}
