import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { TrussError, isTrussError } from "../../errors.ts";
import { streamArchive } from "../archive.ts";
import type { Stage } from "../types.ts";

export interface ArchiveFile {
  readonly file: string;
  /** Bytes. */
  readonly size: number;
}

/** Writes the archive to a file of its own, so that its parts can be read again, and takes it away afterwards. */
export async function withArchiveFile<Result>(
  stage: Stage,
  signal: AbortSignal,
  use: (archive: ArchiveFile) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "truss-ts-push-")).catch(refuse);
  try {
    const file = join(folder, "archive.tar");
    const size = await write(stage, file, signal);
    return await use({ file, size });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function write(stage: Stage, file: string, signal: AbortSignal): Promise<number> {
  const hash = createHash("sha256");
  let size = 0;
  async function* counted(pieces: AsyncIterable<Uint8Array>) {
    for await (const piece of pieces) {
      size += piece.length;
      hash.update(piece);
      yield piece;
    }
  }
  const target = createWriteStream(file, { mode: 0o600 });
  await pipeline(streamArchive(stage.files, { signal }), counted, target, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    return refuse(error);
  });
  if (`sha256:${hash.digest("hex")}` === stage.digest) return size;
  throw new TrussError("STAGE_CONFLICT", "A file of the project changed while the archive was written.", {
    hint: "let whatever writes it end, and push again",
  });
}

function refuse(error: unknown): never {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (isTrussError(error) || code === "") throw error;
  throw new TrussError("WRITE_FAILED", `The archive cannot be written to ${tmpdir()} (${code}).`, {
    hint: "make room there, or name another folder in TMPDIR",
    cause: error,
  });
}
