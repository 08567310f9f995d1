import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { unpackTar } from "modern-tar";
import { describe, expect, it, onTestFinished } from "vitest";
import { createBlobStore } from "../../../../src/push/oci/blob-store.ts";
import { gzip } from "../../../../src/push/oci/gzip.ts";
import { createLayer } from "../../../../src/push/oci/layer.ts";
import { pruneStore } from "../../../../src/push/oci/prune.ts";
import { type TarItem, packItems } from "../../../../src/push/oci/tar.ts";
import { digestOf } from "./fake-registry.ts";
import { createContext, makeFolder } from "./images.ts";

const { signal } = new AbortController();

function item(path: string, content: string | Uint8Array): TarItem {
  const bytes = Buffer.from(content);
  return { kind: "file", path, mode: 0o644, size: bytes.length, content: { kind: "bytes", bytes } };
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* cut(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const noise = (size: number) => createHash("shake256", { outputLength: size }).update("noise").digest();

describe("layers", () => {
  it("are the same however their bytes come, and in whatever order", async () => {
    // Several pieces, of which some are stored and others compressed.
    const bytes = Buffer.concat([noise(9_000_000), Buffer.alloc(9_000_001, "text ")]);
    const zipped = await Promise.all(
      [4099, 65_536, 5 << 20].map(async (size) => digestOf(await collect(gzip(cut(bytes, size))))),
    );
    expect(new Set(zipped).size).toBe(1);
    const packed = await collect(gzip(cut(bytes, 65_536)));
    expect(gunzipSync(packed).equals(bytes)).toBe(true);
    expect(packed.length).toBeLessThan(11_000_000);
    expect(gunzipSync(await collect(gzip(cut(new Uint8Array(0), 1)))).length).toBe(0);
    const items = [item("a/b", "1"), item("a-b", "2"), item("a/ä", "3"), item(`long/${"x/".repeat(90)}y`, "4")];
    const one = await collect(packItems(items));
    const other = await collect(packItems(items.toReversed()));
    expect(digestOf(one)).toBe(digestOf(other));
  });

  it("hold files, links and folders with nothing of the machine in their headers", async () => {
    const link: TarItem = { kind: "link", path: "app/node_modules/.bin/x", target: "../x/x.js" };
    const entries = await unpackTar(await collect(packItems([link, item("app/ü.txt", "ü")])));
    expect(entries.map(({ header }) => [header.name, header.type, header.mode, header.linkname])).toEqual([
      ["app/", "directory", 0o755, ""],
      ["app/node_modules/", "directory", 0o755, ""],
      ["app/node_modules/.bin/", "directory", 0o755, ""],
      ["app/node_modules/.bin/x", "symlink", 0o777, "../x/x.js"],
      ["app/ü.txt", "file", 0o644, ""],
    ]);
    for (const { header } of entries)
      expect(header).toMatchObject({ uid: 0, gid: 0, uname: "", gname: "", mtime: new Date(0) });
  });

  it("are read by GNU tar as they were meant", async () => {
    const folder = makeFolder();
    const path = `${"deep/".repeat(60)}ende-ß.txt`;
    writeFileSync(join(folder, "x.tar"), await collect(packItems([item(path, "content")])));
    expect(spawnSync("tar", ["-xf", "x.tar"], { cwd: folder }).status).toBe(0);
    expect(readFileSync(join(folder, path), "utf8")).toBe("content");
  });

  it("are made once for the same content; a damaged one is made anew", async () => {
    const { store, folder } = createContext();
    const recipe = { kind: "model", items: async () => [item("app/a", "one")] } as const;
    const first = await createLayer(store, recipe, signal);
    expect(first.reused).toBe(false);
    const file = await first.file();
    expect((await createLayer(createBlobStore(folder), recipe, signal)).reused).toBe(true);
    writeFileSync(file, "damaged");
    const again = await createLayer(createBlobStore(folder), recipe, signal);
    expect([again.reused, again.descriptor]).toEqual([false, first.descriptor]);
    expect(digestOf(readFileSync(file))).toBe(first.descriptor.digest);
  });

  it("that are known by a key are not even listed again", async () => {
    const { store } = createContext();
    let listed = 0;
    const items = async () => [item("app/a", String(++listed))];
    const layers = [];
    for (const key of ["one", "one", "two"])
      layers.push(await createLayer(store, { kind: "packages", key, items }, signal));
    expect(layers.map(({ reused }) => reused)).toEqual([false, true, false]);
    expect(listed).toBe(2);
  });

  it("a file that has changed since it was listed is an error, and leaves nothing behind", async () => {
    const { store, folder } = createContext();
    const file = join(makeFolder(), "data.bin");
    writeFileSync(file, "12345");
    const items = async (): Promise<TarItem[]> => [
      { kind: "file", path: "app/d", mode: 0o644, size: 4, content: { kind: "file", file } },
    ];
    await expect(createLayer(store, { kind: "data", key: "k", items }, signal)).rejects.toMatchObject({
      code: "STAGE_CONFLICT",
    });
    expect(readdirSync(join(folder, "drafts"))).toEqual([]);
  });
});

describe("the cache", () => {
  it("is shared by pushes at once", async () => {
    const { folder } = createContext();
    const recipe = { kind: "model", items: async () => [item("app/a", noise(500_000))] } as const;
    const layers = await Promise.all(
      Array.from({ length: 6 }, () => createLayer(createBlobStore(folder), recipe, signal)),
    );
    expect(new Set(layers.map(({ descriptor }) => descriptor.digest)).size).toBe(1);
    const { digest, size } = layers[0]?.descriptor ?? { digest: "", size: 0 };
    expect(await createBlobStore(folder).find(digest, size)).toBe(await layers[0]?.file());
    expect(readdirSync(join(folder, "drafts"))).toEqual([]);
  });

  it("that is full is told of with what to do, and nothing half-written stays", async ({ skip }) => {
    const folder = makeFolder();
    const mounted =
      process.getuid?.() === 0 && spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "none", folder]).status === 0;
    skip(!mounted, "only root may mount");
    onTestFinished(() => void spawnSync("umount", ["-l", folder]));
    const store = createBlobStore(folder);
    const recipe = { kind: "model", items: async () => [item("app/a", noise(1_000_000))] } as const;
    const hint = expect.stringContaining("TRUSS_TS_CACHE_DIR");
    await expect(createLayer(store, recipe, signal)).rejects.toMatchObject({ code: "WRITE_FAILED", hint });
    expect(readdirSync(join(folder, "drafts"))).toEqual([]);
    const small = { kind: "model", items: async () => [item("app/a", "small")] } as const;
    expect((await createLayer(store, small, signal)).reused).toBe(false);
  });

  it("loses what nobody has used for a month, and what a killed push has left", async () => {
    const { folder } = createContext();
    const make = (path: string) =>
      createLayer(createBlobStore(folder), { kind: "model", key: path, items: async () => [item(path, path)] }, signal);
    const [old, used] = [await make("app/old"), await make("app/used")];
    writeFileSync(join(folder, "drafts", "1-killed"), "half");
    const month = 31 * 24 * 60 * 60 * 1000;
    const past = new Date(Date.now() - month);
    for (const layer of [old, used]) utimesSync(await layer.file(), past, past);
    await make("app/used");
    await pruneStore(folder);
    expect([existsSync(await old.file()), existsSync(await used.file())]).toEqual([false, true]);
    expect(readdirSync(join(folder, "drafts"))).toEqual(["1-killed"]);
    await pruneStore(folder, Date.now() + month);
    expect(readdirSync(join(folder, "drafts"))).toEqual([]);
  });

  it("that cannot be made is told of", async () => {
    const file = join(makeFolder(), "file");
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, "");
    const recipe = { kind: "model", items: async () => [item("app/a", "a")] } as const;
    await expect(createLayer(createBlobStore(join(file, "cache")), recipe, signal)).rejects.toMatchObject({
      code: "WRITE_FAILED",
    });
  });
});
