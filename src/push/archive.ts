import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { createTarPacker, type TarHeader } from "modern-tar";
import { type Reading, readStaged } from "./content.ts";
import type { StagedFile } from "./types.ts";

/**
 * The bytes of a plain tar of these files, as they come: the same on every machine, so nothing of the machine is in them
 * (no dates, no owners, no folders). A file that is not what it was when it was listed is an error.
 *
 * @throws TrussError STAGE_CONFLICT
 */
export async function* streamArchive(
  files: readonly StagedFile[],
  reading: Reading = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { readable, controller } = createTarPacker();
  const packed = pack(files, controller, reading).catch((error: unknown) => controller.error(error));
  try {
    // Errors of the packer come out here as well.
    yield* readable;
  } finally {
    await packed;
  }
}

/** What an archive of these files is known by, found without holding more of it than a few pieces. */
export async function digestArchive(files: readonly StagedFile[], reading: Reading = {}) {
  const hash = createHash("sha256");
  let size = 0;
  for await (const bytes of streamArchive(files, reading)) {
    hash.update(bytes);
    size += bytes.length;
  }
  return { digest: `sha256:${hash.digest("hex")}`, size };
}

type Controller = ReturnType<typeof createTarPacker>["controller"];

async function pack(files: readonly StagedFile[], controller: Controller, reading: Reading): Promise<void> {
  for (const [index, file] of files.entries()) {
    // Ctrl-C is heard between the turns of the event loop only.
    if (index % 64 === 0) await setImmediate();
    const writer = controller.add(headerOf(file)).getWriter();
    for await (const bytes of readStaged(file, reading)) await writer.write(bytes);
    await writer.close();
  }
  controller.finalize();
}

const beginning = new Date(0);

function headerOf({ path, size, mode }: StagedFile): TarHeader {
  const header = { name: path, size, mode, mtime: beginning, uid: 0, gid: 0, uname: "", gname: "" } as const;
  // The old header has no encoding; only the newer one is UTF-8 for sure.
  return { ...header, type: "file", ...(isAscii(path) ? {} : { pax: { path } }) };
}

function isAscii(text: string): boolean {
  return /^[\u0020-\u007e]*$/.test(text);
}
