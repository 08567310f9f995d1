import { readFile, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";

/** Removes the folder for bundles of a project without packages, unless somebody else has something in it. */
export async function removeOwnFolder(root: string): Promise<void> {
  const folder = join(root, ".truss-ts");
  const marker = join(folder, ".gitignore");
  try {
    const names = await readdir(folder);
    if (names.some((name) => name !== ".gitignore")) return;
    if (names.length > 0) {
      if ((await readFile(marker, "utf8")) !== "*\n") return;
      await rm(marker);
    }
    await rmdir(folder);
  } catch {
    // It is not there, or not ours to remove.
  }
}
