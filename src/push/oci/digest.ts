import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

/** `sha256:` and the hash of some bytes. */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A digest that can be checked, and be a file's name. */
export function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** The part behind `sha256:`. */
export function hexOf(digest: string): string {
  if (!isDigest(digest)) throw new Error(`${JSON.stringify(digest)} is no sha256 digest`);
  return digest.slice("sha256:".length);
}

/** Whether a file holds the bytes that a digest and a size say. */
export async function fileMatches(file: string, digest: string, size: number): Promise<boolean> {
  try {
    const found = await stat(file);
    return found.isFile() && found.size === size && (await digestOfFile(file)) === digest;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

export async function digestOfFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return `sha256:${hash.digest("hex")}`;
}
