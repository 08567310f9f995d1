import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TrussError } from "../../errors.ts";
import { fileMatches, hexOf } from "./digest.ts";
import { type JsonObject, parseObject } from "./json.ts";

/** Some bytes that are on their way into the store. */
export type ByteSource = AsyncIterable<Uint8Array>;

/** Content by its digest, and notes by a name, in a folder that several pushes may use at once. */
export interface BlobStore {
  /** Path of the blob's file, or undefined where it is absent or was damaged (then it has been taken away). */
  find(digest: string, size: number): Promise<string | undefined>;
  /**
   * Writes a blob and answers its path. What does not have this digest and size is not kept.
   *
   * @throws BlobMismatch
   */
  add(digest: string, size: number, source: ByteSource): Promise<string>;
  /** A new file to write into, whose digest is not known yet; `keep` gives it its place. */
  draft(): Promise<Draft>;
  /** A small note, such as which layer was made of what. */
  readNote(name: string): Promise<JsonObject | undefined>;
  writeNote(name: string, note: JsonObject): Promise<void>;
}

export interface Draft {
  write(bytes: Uint8Array): Promise<void>;
  keep(digest: string): Promise<string>;
  /** Takes it away, unless it was kept. */
  discard(): Promise<void>;
}

/** The bytes are not those that were promised. */
export class BlobMismatch extends Error {}

export function createBlobStore(folder: string): BlobStore {
  const place = (digest: string) => join(folder, "blobs", "sha256", hexOf(digest));
  const notePlace = (name: string) => join(folder, "notes", `${name}.json`);
  /** Hashed once in this process: nobody else changes what is in the store. */
  const checked = new Set<string>();
  const draft = async () => guardDraft(folder, await guarded(folder, () => createDraft(folder, place)));

  return {
    draft,
    async find(digest, size) {
      const file = place(digest);
      if (checked.has(digest)) return file;
      if (!(await fileMatches(file, digest, size))) {
        await rm(file, { force: true });
        return undefined;
      }
      checked.add(digest);
      await touch(file);
      return file;
    },
    async add(digest, size, source) {
      const writing = await draft();
      try {
        await copyChecked(digest, size, source, writing);
        const file = await writing.keep(digest);
        checked.add(digest);
        return file;
      } finally {
        await writing.discard();
      }
    },
    async readNote(name) {
      const text = await readFile(notePlace(name)).catch(() => undefined);
      if (text !== undefined) await touch(notePlace(name));
      return text === undefined ? undefined : parseObject(text);
    },
    writeNote: (name, note) => guarded(folder, () => writeAtomically(notePlace(name), JSON.stringify(note))),
  };
}

/** Says when it was last used, by which old ones are known. A cache that may only be read does as well. */
async function touch(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now).catch(() => undefined);
}

/** What is read by others appears whole or not at all. */
export async function writeAtomically(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const fresh = `${file}.${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    await writeFile(fresh, content);
    await rename(fresh, file);
  } finally {
    await rm(fresh, { force: true });
  }
}

/** In pieces of a good size for hashing and sending. */
export function readBlob(file: string): ByteSource {
  return createReadStream(file, { highWaterMark: 256 << 10 });
}

async function createDraft(folder: string, place: (digest: string) => string): Promise<Draft> {
  const drafts = join(folder, "drafts");
  await mkdir(drafts, { recursive: true });
  const fresh = join(drafts, `${process.pid}-${randomBytes(8).toString("hex")}`);
  const handle = await open(fresh, "wx");
  return {
    write: async (bytes) => {
      for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten;
    },
    async keep(digest) {
      await handle.close();
      const file = place(digest);
      await mkdir(dirname(file), { recursive: true });
      await rename(fresh, file);
      return file;
    },
    async discard() {
      // Closing twice is no harm done, but it is an error to Node.
      await handle.close().catch(() => undefined);
      await rm(fresh, { force: true });
    },
  };
}

function guardDraft(folder: string, draft: Draft): Draft {
  return {
    ...draft,
    write: (bytes) => guarded(folder, () => draft.write(bytes)),
    keep: (digest) => guarded(folder, () => draft.keep(digest)),
  };
}

async function copyChecked(digest: string, size: number, source: ByteSource, draft: Draft): Promise<void> {
  const hash = createHash("sha256");
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > size) throw new BlobMismatch(`more than the ${size} bytes that were announced`);
    hash.update(chunk);
    await draft.write(chunk);
  }
  if (length < size) throw new BlobMismatch(`${length} bytes instead of ${size}`);
  const found = `sha256:${hash.digest("hex")}`;
  if (found !== digest) throw new BlobMismatch(`its digest is ${found}`);
}

const fullCodes: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "ENOTDIR", "EFBIG"]);

/** A folder that cannot be written is the user's to put right. */
async function guarded<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (!fullCodes.has(code)) throw cause;
    throw new TrussError("WRITE_FAILED", `The cache folder ${folder} could not be written (${String(code)}).`, {
      hint: "make room there, or set TRUSS_TS_CACHE_DIR to a folder with room",
      cause,
    });
  }
}
