import { createReadStream, readFileSync } from "node:fs";
import { TrussError } from "../errors.ts";
import type { StagedFile } from "./types.ts";

export interface Reading {
  readonly signal?: AbortSignal;
  /** Hears of the bytes as they are read. */
  readonly onBytes?: (count: number) => void;
}

const pieceSize = 256 * 1024;

/**
 * The bytes of one staged file, exactly as many as were told of.
 *
 * @throws TrussError STAGE_CONFLICT for a file that has changed, or that cannot be read any more
 */
export async function* readStaged(
  file: StagedFile,
  { signal, onBytes }: Reading = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  let count = 0;
  for await (const bytes of openContent(file)) {
    signal?.throwIfAborted();
    count += bytes.length;
    if (count > file.size) throw changed(file);
    onBytes?.(bytes.length);
    yield bytes;
  }
  if (count !== file.size) throw changed(file);
}

async function* openContent(file: StagedFile): AsyncGenerator<Uint8Array, void, undefined> {
  const { content, size } = file;
  if (content.kind === "bytes") return yield content.bytes;
  // A small file is there before another thread has heard of it.
  if (size <= pieceSize) return yield readWhole(file.path, content.file);
  const stream = createReadStream(content.file, { highWaterMark: pieceSize });
  try {
    for await (const bytes of stream as AsyncIterable<Buffer>) yield bytes;
  } catch (error) {
    throw describeUnreadable(file.path, error);
  }
}

/** @throws TrussError STAGE_CONFLICT */
export function readWhole(path: string, file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw describeUnreadable(path, error);
  }
}

export function describeUnreadable(path: string, cause: unknown): TrussError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
  return new TrussError("STAGE_CONFLICT", `${path} cannot be read (${code}).`, {
    hint: "Correct its permissions, or name it in .trussignore if the model does not need it.",
    cause,
  });
}

function changed({ path }: StagedFile): TrussError {
  return new TrussError("STAGE_CONFLICT", `${path} changed while it was read.`, {
    hint: "Let whatever writes it end, and push again.",
  });
}
