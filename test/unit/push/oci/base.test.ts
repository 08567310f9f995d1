import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { type TarEntry, packTar } from "modern-tar";
import { describe, expect, it } from "vitest";
import { openBase } from "../../../../src/push/oci/open-base.ts";
import { digestOf } from "./fake-registry.ts";
import { amd64, build, createContext, makeFolder } from "./images.ts";

const text = (name: string, body: string | Uint8Array): TarEntry => {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return { header: { name, size: bytes.length, mtime: new Date(0) }, body: new Uint8Array(bytes) };
};

async function layerTar(name = "etc/base"): Promise<Uint8Array> {
  return packTar([text(name, "base")]);
}

function configOf(diffIds: readonly string[], architecture = "amd64"): string {
  return JSON.stringify({ os: "linux", architecture, config: {}, rootfs: { type: "layers", diff_ids: diffIds } });
}

/** A tarball as `docker save` writes it, and what to leave out or put in. */
async function saved(change: (entries: TarEntry[], layer: Uint8Array) => readonly TarEntry[] = (entries) => entries) {
  const layer = await layerTar();
  const manifest = [{ Config: "c.json", RepoTags: ["base:1"], Layers: ["abc/layer.tar"] }];
  const entries = [
    text("manifest.json", JSON.stringify(manifest)),
    text("c.json", configOf([digestOf(layer)])),
    text("abc/layer.tar", layer),
  ];
  const file = join(makeFolder(), "saved.tar");
  writeFileSync(file, await packTar([...change(entries, layer)]));
  return file;
}

async function openAndRead(file: string, context = createContext()) {
  return (await openBase(file, context)).image(amd64);
}

describe("a base in a tarball", () => {
  it("as docker saves it has its layers compressed, once and the same everywhere", async () => {
    const file = await saved();
    const context = createContext();
    const first = await openAndRead(file, context);
    const again = await openAndRead(file, context);
    const elsewhere = await openAndRead(file);
    const digests = [first, again, elsewhere].map(({ layers }) => layers[0]?.descriptor.digest);
    expect(new Set(digests).size).toBe(1);
    expect(again.layers[0]?.reused).toBe(true);
    const built = await build(await openBase(file, context), context);
    expect(built.images[0]?.layers.map(({ kind }) => kind)).toEqual(["base", "data", "model"]);
  });

  it("may be gzipped, have gzipped layers, and name one layer by a link", async () => {
    const file = await saved((entries, layer) => [
      ...entries.slice(0, 1),
      text("c.json", configOf([digestOf(layer)])),
      { header: { name: "abc/layer.tar", type: "symlink", size: 0, linkname: "../def/layer.tar", mtime: new Date(0) } },
      text("def/layer.tar", gzipSync(layer)),
    ]);
    writeFileSync(`${file}.gz`, gzipSync(readFileSync(file)));
    const [plain, zipped] = [await openAndRead(file), await openAndRead(`${file}.gz`)];
    expect(zipped.layers[0]?.descriptor).toEqual(plain.layers[0]?.descriptor);
  });

  it("never becomes files by the names that it gives", async () => {
    const names = [
      "../../../../tmp/truss-ts-escaped",
      "/tmp/truss-ts-escaped",
      "a/../../truss-ts-escaped",
      "C:\\truss-ts-escaped",
    ];
    const file = await saved((entries) => [...names.map((name) => text(name, "evil")), ...entries]);
    const context = createContext();
    await openAndRead(file, context);
    expect(existsSync("/tmp/truss-ts-escaped")).toBe(false);
    expect(readdirSync(dirname(file))).toEqual(["saved.tar"]);
    expect(readdirSync(context.folder).sort()).toEqual(["blobs", "drafts", "notes"]);
    const blobs = readdirSync(join(context.folder, "blobs", "sha256"));
    expect(blobs.filter((name) => !/^[0-9a-f]{64}$/.test(name))).toEqual([]);
  });

  it.each<[string, (entries: TarEntry[]) => readonly TarEntry[], string]>([
    [
      "another layer than its config says",
      ([manifest, config]) => [manifest, config, text("abc/layer.tar", "x")].flatMap((e) => e ?? []),
      "is damaged",
    ],
    ["no layer", (entries) => entries.slice(0, 2), "lacks the file"],
    ["no config", ([manifest]) => [manifest].flatMap((entry) => entry ?? []), "config is missing"],
    [
      "another processor",
      ([manifest, , layer]) => [manifest, text("c.json", configOf(["x"], "arm64")), layer].flatMap((e) => e ?? []),
      "linux/arm64",
    ],
    [
      "fewer layers than its config",
      ([manifest, , layer]) => [manifest, text("c.json", configOf([])), layer].flatMap((e) => e ?? []),
      "its config names 0",
    ],
    ["neither list", ([, ...rest]) => rest, "neither an index.json nor a manifest.json"],
    ["a list that is none", ([, ...rest]) => [text("manifest.json", "{"), ...rest], "manifest.json"],
    [
      "several images",
      ([, ...rest]) => [text("manifest.json", '[{"RepoTags":["a:1"]},{"RepoTags":["b:1"]}]'), ...rest],
      "several images",
    ],
  ])("with %s is refused", async (_, change, why) => {
    await expect(openAndRead(await saved(change))).rejects.toMatchObject({
      code: "BASE_INVALID",
      exitCode: 5,
      message: expect.stringContaining(why),
    });
  });

  it("that ends early, or is none, is refused", async () => {
    const file = await saved();
    const whole = readFileSync(file);
    for (const bytes of [whole.subarray(0, 700), Buffer.alloc(2000, "x"), Buffer.alloc(0)]) {
      writeFileSync(file, bytes);
      await expect(openAndRead(file)).rejects.toMatchObject({ code: "BASE_INVALID" });
    }
    await expect(openAndRead("/nowhere/x.tar")).rejects.toMatchObject({ message: expect.stringContaining("ENOENT") });
  });
});

describe("a base in a layout", () => {
  it.each([
    ["a digest that leads out of the folder", { digest: "sha256:../../../../etc/passwd", size: 1 }, "no sha256 digest"],
    ["an impossible size", { digest: `sha256:${"0".repeat(64)}`, size: -1 }, "impossible size"],
    ["a manifest that is missing", { digest: `sha256:${"0".repeat(64)}`, size: 3 }, "is missing"],
    ["a huge manifest", { digest: `sha256:${"0".repeat(64)}`, size: 1e9 }, "too large"],
  ])("with %s is refused", async (_, entry, why) => {
    const folder = makeFolder();
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    writeFileSync(join(folder, "oci-layout"), "{}");
    writeFileSync(
      join(folder, "index.json"),
      JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType, ...entry }] }),
    );
    await expect(openAndRead(`oci:${folder}`)).rejects.toMatchObject({
      code: "BASE_INVALID",
      message: expect.stringContaining(why),
    });
  });
});
