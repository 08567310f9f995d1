import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

const dayMs = 24 * 60 * 60 * 1000;

/** How long what nobody has used stays; a draft belongs to a push that is running, or that was killed. */
const kept = { drafts: dayMs, "blobs/sha256": 30 * dayMs, notes: 30 * dayMs } as const;

/** Takes away what was not used for a long time. Whatever cannot be taken away stays: it is only a cache. */
export async function pruneStore(folder: string, now = Date.now()): Promise<void> {
  for (const [name, age] of Object.entries(kept)) {
    const place = join(folder, name);
    const files = await readdir(place).catch(() => []);
    for (const file of files) await removeOld(join(place, file), now - age);
  }
}

async function removeOld(file: string, before: number): Promise<void> {
  try {
    const { mtimeMs } = await stat(file);
    if (mtimeMs < before) await rm(file, { force: true });
  } catch {
    // Another push was quicker.
  }
}
