import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { TrussError } from "../errors.ts";
import { type BuildContext, isUntouched, wasWritten } from "./dockerfile.ts";
import type { PublishRequest } from "./types.ts";
import { writeStaged } from "./write-staged.ts";

/**
 * Writes a Dockerfile and what it copies. What an earlier push wrote there is replaced, but for a Dockerfile that
 * somebody has edited since.
 *
 * @throws TrussError DIRECTORY_NOT_EMPTY for a folder that holds something else
 */
export async function writeContext(context: BuildContext, folder: string, request: PublishRequest): Promise<void> {
  const { report, signal } = request;
  const found = await readdir(folder).catch(() => []);
  const dockerfile = await readFile(join(folder, "Dockerfile"), "utf8").catch(() => undefined);
  if (found.length > 0 && (dockerfile === undefined || !wasWritten(dockerfile))) throw occupied(folder);
  const isEdited = dockerfile !== undefined && !isUntouched(dockerfile);
  for (const name of found) {
    if (name !== "Dockerfile") await rm(join(folder, name), { recursive: true, force: true });
  }
  const files = isEdited ? context.files.filter(({ path }) => path !== "Dockerfile") : context.files;
  if (isEdited) report({ event: "note", message: "The Dockerfile has been edited, and is kept as it is." });
  await writeStaged(files, folder, signal);
}

function occupied(folder: string): TrussError {
  return new TrussError("DIRECTORY_NOT_EMPTY", `${folder} holds something that push has not written.`, {
    hint: "give --dockerfile another folder",
  });
}
