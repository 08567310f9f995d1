import { deflateSync, gzipSync } from "fflate";

/** Part of the key of what is kept compressed: other code or another level would make other bytes. */
export const compression = "fflate-0.8-members-4";

/** Most models and their configs are one piece. */
const pieceSize = 4 << 20;
const sampleSize = 64 << 10;
/** What a sample shrinks to where compressing is not worth the time: weights, pictures, archives. */
const denseRatio = 0.9;

/**
 * Compresses to the same bytes on every machine. Node's own zlib does not: its bytes differ between processors and
 * versions. Each piece is a member of its own, as gzip allows; what hardly shrinks is stored, ten times as fast.
 */
export async function* gzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of inPieces(source)) yield gzipSync(piece, { level: isDense(piece) ? 0 : 6, mtime: 0 });
}

function isDense(piece: Uint8Array): boolean {
  const start = Math.max(0, (piece.length - sampleSize) >> 1);
  const sample = piece.subarray(start, start + sampleSize);
  return deflateSync(sample, { level: 1 }).length > sample.length * denseRatio;
}

/** Where the input is cut shows in the output, so it is cut at the same places always. */
async function* inPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(pieceSize);
  let filled = 0;
  let empty = true;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + pieceSize - filled);
      piece.set(part, filled);
      at += part.length;
      filled += part.length;
      empty = false;
      if (filled < pieceSize) continue;
      yield piece;
      filled = 0;
    }
  }
  if (filled > 0 || empty) yield piece.subarray(0, filled);
}
