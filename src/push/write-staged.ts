import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { StagedFile } from "./types.ts";

/** Puts staged files into a folder, at their paths. */
export async function writeStaged(files: readonly StagedFile[], folder: string, signal?: AbortSignal): Promise<void> {
  for (const file of files) {
    signal?.throwIfAborted();
    await writeStagedAt(file, join(folder, file.path));
  }
}

export async function writeStagedAt({ content, mode }: StagedFile, place: string): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  if (content.kind === "bytes") await writeFile(place, content.bytes);
  else await copyFile(content.file, place);
  await chmod(place, mode);
}

/** For files that are small, such as manifests and lockfiles. */
export async function stagedText(file: StagedFile): Promise<string> {
  return new TextDecoder().decode(await stagedBytes(file));
}

export async function stagedBytes({ content }: StagedFile): Promise<Uint8Array> {
  return content.kind === "bytes" ? content.bytes : readFile(content.file);
}
