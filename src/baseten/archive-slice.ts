import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** A part of a file, to be read as often as it must be sent. */
export interface Slice {
  readonly file: string;
  /** Bytes from the beginning of the file. */
  readonly start: number;
  readonly size: number;
}

const pieceSize = 256 * 1024;
export const emptySha256 = createHash("sha256").digest("hex");

/** Cuts a file into slices of a size; the last may be smaller. */
export function cut(file: string, size: number, partSize: number): Slice[] {
  const count = Math.max(1, Math.ceil(size / partSize));
  return Array.from({ length: count }, (_, index) => {
    const start = index * partSize;
    return { file, start, size: Math.min(partSize, size - start) };
  });
}

export async function* readSlice({ file, start, size }: Slice): AsyncGenerator<Uint8Array, void, undefined> {
  if (size === 0) return;
  const stream = createReadStream(file, { start, end: start + size - 1, highWaterMark: pieceSize });
  for await (const piece of stream as AsyncIterable<Buffer>) yield piece;
}

export async function hashSlice(slice: Slice): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of readSlice(slice)) hash.update(piece);
  return hash.digest("hex");
}
