import { createReadStream } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { posix } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { type ParsedTarEntry, createTarDecoder } from "modern-tar";
import { createHash } from "node:crypto";
import type { BlobStore } from "../blob-store.ts";
import { digestOfFile, hexOf } from "../digest.ts";
import { asObject, asString } from "../json.ts";
import { invalidBase } from "../manifest.ts";

/** A file inside a tarball; its bytes are in the store. */
export interface TarballFile {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** What a tarball holds, by the names it gives; names are only looked up, never made into paths. */
export interface TarballFiles {
  /** Of the tarball itself. */
  readonly digest: string;
  find(path: string): TarballFile | undefined;
  /** Absolute path of a file's bytes. */
  locate(path: string): Promise<string>;
  readText(path: string): Promise<string | undefined>;
}

/** Either a file, or the other name of one. */
type Entry = TarballFile | { readonly link: string };

/** Puts every file of a tarball into the store, once; it may be gzipped. */
export async function openTarballFiles(file: string, name: string, store: BlobStore): Promise<TarballFiles> {
  const digest = await digestOfFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw invalidBase(name, `the file cannot be read (${cause.code ?? "unknown error"})`);
  });
  const note = `tarball-${hexOf(digest)}`;
  let entries = readEntries(await store.readNote(note)) ?? (await unpack(file, name, store));
  if (!(await allThere(entries, store))) entries = await unpack(file, name, store);
  await store.writeNote(note, { entries: Object.fromEntries(entries) });

  const find = (path: string, depth = 0): TarballFile | undefined => {
    const entry = entries.get(posix.normalize(path));
    if (entry === undefined || "digest" in entry) return entry;
    return depth > 8 ? undefined : find(posix.join(posix.dirname(path), entry.link), depth + 1);
  };
  const locate = async (path: string) => {
    const found = find(path);
    const kept = found === undefined ? undefined : await store.find(found.digest, found.size);
    if (kept === undefined) throw invalidBase(name, `it lacks the file ${JSON.stringify(path)}`);
    return kept;
  };
  const readText = async (path: string) => find(path) && readFile(await locate(path), "utf8");
  return { digest, find: (path) => find(path), locate, readText };
}

async function unpack(file: string, name: string, store: BlobStore): Promise<ReadonlyMap<string, Entry>> {
  const entries = new Map<string, Entry>();
  try {
    const packed = Readable.toWeb(await openMaybeGzipped(file)) as ReadableStream<Uint8Array>;
    for await (const entry of packed.pipeThrough(createTarDecoder({ strict: true }))) {
      const kept = await keepEntry(entry, store);
      if (kept !== undefined) entries.set(posix.normalize(entry.header.name), kept);
    }
  } catch (cause) {
    if (!(cause instanceof Error) || cause.name === "TrussError") throw cause;
    throw invalidBase(name, `it is no whole tarball (${cause.message})`);
  }
  return entries;
}

async function keepEntry({ header, body }: ParsedTarEntry, store: BlobStore): Promise<Entry | undefined> {
  if (header.type !== "file") {
    await body.cancel();
    const isLink = header.type === "symlink" || header.type === "link";
    return isLink && header.linkname !== undefined ? { link: header.linkname } : undefined;
  }
  const hash = createHash("sha256");
  let size = 0;
  const draft = await store.draft();
  try {
    for await (const chunk of body) {
      hash.update(chunk);
      size += chunk.length;
      await draft.write(chunk);
    }
    const digest = `sha256:${hash.digest("hex")}`;
    await draft.keep(digest);
    return { digest, size };
  } finally {
    await draft.discard();
  }
}

async function openMaybeGzipped(file: string): Promise<Readable> {
  const handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0).finally(() => handle.close());
  const raw = createReadStream(file, { highWaterMark: 1 << 20 });
  return buffer.readUInt16BE(0) === 0x1f8b ? raw.on("error", () => undefined).pipe(createGunzip()) : raw;
}

function readEntries(note: Readonly<Record<string, unknown>> | undefined): ReadonlyMap<string, Entry> | undefined {
  const noted = asObject(note?.["entries"]);
  if (noted === undefined) return undefined;
  const entries = new Map<string, Entry>();
  for (const [path, value] of Object.entries(noted)) {
    const { digest, size, link } = asObject(value) ?? {};
    if (typeof digest === "string" && typeof size === "number") entries.set(path, { digest, size });
    else entries.set(path, { link: asString(link) ?? "" });
  }
  return entries;
}

async function allThere(entries: ReadonlyMap<string, Entry>, store: BlobStore): Promise<boolean> {
  for (const entry of entries.values()) {
    if ("digest" in entry && (await store.find(entry.digest, entry.size)) === undefined) return false;
  }
  return true;
}
