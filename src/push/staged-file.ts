import type { StagedFile } from "./types.ts";

/** A staged file that we have made. */
export function textFile(path: string, text: string): StagedFile {
  const bytes = new TextEncoder().encode(text);
  return { path, mode: 0o644, size: bytes.byteLength, content: { kind: "bytes", bytes } };
}
