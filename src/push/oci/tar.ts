import { type TarHeader, createTarPacker } from "modern-tar";
import { readStaged } from "../content.ts";
import type { StagedContent } from "../types.ts";

/** One entry of a layer. Its folders are implied. */
export type TarItem =
  | {
      readonly kind: "file";
      /** With forward slashes, no leading one. */
      readonly path: string;
      readonly mode: 0o644 | 0o755;
      readonly size: number;
      readonly content: StagedContent;
    }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

/** What a tar is made of, folders too, in the order in which it is written. */
type Entry = TarItem | { readonly kind: "folder"; readonly path: string };

/** Nothing of the machine or the moment is in a header. */
const neutral = { mtime: new Date(0), uid: 0, gid: 0, uname: "", gname: "" } as const;

/** The bytes of a tar: the same for the same items, whatever their order. Holds no more than a few MB at a time. */
export async function* packItems(items: readonly TarItem[]): AsyncGenerator<Uint8Array> {
  const { readable, controller } = createTarPacker();
  // A failure is told by the reading side; this keeps it from being nobody's as well.
  const writing = writeEntries(controller, withFolders(items)).catch((error: unknown) => controller.error(error));
  const reader = readable.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    await writing;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function writeEntries(controller: ReturnType<typeof createTarPacker>["controller"], entries: readonly Entry[]) {
  for (const entry of entries) {
    const writer = controller.add(headerOf(entry)).getWriter();
    if (entry.kind === "file") {
      for await (const chunk of readStaged(entry)) await writer.write(chunk);
    }
    await writer.close();
  }
  controller.finalize();
}

function headerOf(entry: Entry): TarHeader {
  switch (entry.kind) {
    case "file":
      return { ...named(entry.path), type: "file", size: entry.size, mode: entry.mode };
    case "link":
      return { ...named(entry.path), type: "symlink", size: 0, mode: 0o777, linkname: entry.target };
    case "folder":
      return { ...named(`${entry.path}/`), type: "directory", size: 0, mode: 0o755 };
  }
}

/** The old header has no encoding; only the newer one is UTF-8 for sure. */
function named(path: string) {
  return { ...neutral, name: path, ...(/^[\u0020-\u007e]*$/.test(path) ? {} : { pax: { path } }) };
}

function withFolders(items: readonly TarItem[]): readonly Entry[] {
  const entries = new Map<string, Entry>();
  for (const item of items) {
    const parts = item.path.split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join("/");
      entries.set(path, { kind: "folder", path });
    }
    entries.set(item.path, item);
  }
  const byBytes = [...entries.values()].map((entry) => ({ entry, key: Buffer.from(entry.path) }));
  return byBytes.sort((one, other) => Buffer.compare(one.key, other.key)).map(({ entry }) => entry);
}
