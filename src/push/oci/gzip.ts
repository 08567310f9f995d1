import { Gzip } from "fflate";

/** Part of the key of what is kept compressed: other code or another level would make other bytes. */
export const compression = "fflate-0.8-level-6";

const pieceSize = 64 << 10;

/**
 * Compresses to the same bytes on every machine. Node's own zlib does not: its bytes differ between processors and
 * versions.
 */
export async function* gzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  const packer = new Gzip({ level: 6, mtime: 0 }, (chunk) => ready.push(chunk));
  const take = () => {
    const taken = ready;
    ready = [];
    return taken;
  };
  for await (const piece of inPieces(source)) {
    packer.push(piece);
    yield* take();
  }
  packer.push(new Uint8Array(0), true);
  yield* take();
}

/** Where the input is cut shows in the output, so it is cut at the same places always. */
async function* inPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let piece = new Uint8Array(pieceSize);
  let filled = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + pieceSize - filled);
      piece.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < pieceSize) continue;
      yield piece;
      // The packer keeps what it was given for a while.
      piece = new Uint8Array(pieceSize);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}
