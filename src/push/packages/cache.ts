import { randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../../lib/cache-folder.ts";
import { type Listed, listPackages } from "./listing.ts";

/** Installed packages that are kept: a folder with `node_modules` in it, and what belongs into an image of that. */
export interface CacheEntry {
  readonly folder: string;
  readonly listed: readonly Listed[];
}

const indexName = "packages.json";
/** What is kept, at most. The ones that were used longest ago go first. */
const keptEntries = 12;
const keptBytes = 4 * 2 ** 30;
/** Somebody may still read what was used within this time. Milliseconds. */
const inUseMs = 60 * 60_000;
/** What an interrupted install left behind. Milliseconds. */
const abandonedMs = 24 * 60 * 60_000;

/**
 * The entry of a key; where there is none, `install` makes it. Several may do so at once: each works in a folder of its
 * own, and the first to finish is kept.
 *
 * @param install puts a `node_modules` into the folder that it is given
 */
export async function cached(
  key: string,
  install: (folder: string) => Promise<void>,
  home: string = join(cacheFolder(), "packages"),
): Promise<CacheEntry> {
  const folder = join(home, key);
  const found = await readEntry(folder);
  if (found !== undefined) return found;
  const work = join(home, `new-${randomBytes(6).toString("hex")}`);
  try {
    await mkdir(work, { recursive: true, mode: 0o700 });
    await install(work);
    const listed = await listPackages(join(work, "node_modules"));
    await writeFile(join(work, indexName), JSON.stringify(listed));
    await settle(work, folder);
    await prune(home, key);
    return { folder, listed };
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** An entry that something was taken out of counts as none. */
async function readEntry(folder: string): Promise<CacheEntry | undefined> {
  const listed = await readIndex(folder);
  if (listed === undefined) return undefined;
  for (const entry of listed) {
    if (!("size" in entry)) continue;
    const stats = await stat(join(folder, entry.path)).catch(() => undefined);
    if (stats?.size !== entry.size) return undefined;
  }
  const now = new Date();
  await utimes(join(folder, indexName), now, now).catch(() => {});
  return { folder, listed };
}

async function readIndex(folder: string): Promise<readonly Listed[] | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(join(folder, indexName), "utf8"));
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Puts a finished folder in its place, unless somebody else's stands there and is whole. */
async function settle(work: string, folder: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      return await rename(work, folder);
    } catch (error) {
      if ((await readEntry(folder)) !== undefined) return;
      if (attempt === 2) throw error;
      // What stands in the way is damaged. It is moved, as others may be about to do the same.
      await rename(folder, `${work}-damaged`).catch(() => {});
      await rm(`${work}-damaged`, { recursive: true, force: true });
    }
  }
}

async function prune(home: string, current: string): Promise<void> {
  const now = Date.now();
  const entries = await Promise.all((await readdir(home)).map((name) => weigh(home, name)));
  const abandoned = entries.filter(({ name, used }) => name.startsWith("new-") && now - used > abandonedMs);
  for (const { name } of abandoned) await remove(home, name);
  const kept = entries.filter(({ name }) => !name.startsWith("new-")).sort((left, right) => right.used - left.used);
  let bytes = 0;
  for (const [index, { name, size, used }] of kept.entries()) {
    bytes += size;
    const tooMuch = index >= keptEntries || bytes > keptBytes;
    if (tooMuch && name !== current && now - used > inUseMs) await remove(home, name);
  }
}

async function weigh(home: string, name: string) {
  const listed = (await readIndex(join(home, name))) ?? [];
  const size = listed.reduce((sum, entry) => sum + ("size" in entry ? entry.size : 0), 0);
  const marked = await stat(join(home, name, indexName)).catch(() => stat(join(home, name)).catch(() => undefined));
  return { name, size, used: marked?.mtimeMs ?? 0 };
}

/** Moved first, so that nobody meets half of one. */
async function remove(home: string, name: string): Promise<void> {
  const moved = join(home, `new-${randomBytes(6).toString("hex")}`);
  await rename(join(home, name), moved).catch(() => {});
  await rm(moved, { recursive: true, force: true }).catch(() => {});
}
