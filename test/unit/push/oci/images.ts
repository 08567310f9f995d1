import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { onTestFinished } from "vitest";
import { buildImage } from "../../../../src/push/oci/build.ts";
import { createBlobStore } from "../../../../src/push/oci/blob-store.ts";
import type { Base } from "../../../../src/push/oci/types.ts";
import type { Stage, StagedFile } from "../../../../src/push/types.ts";
import { type FakeRegistry, digestOf } from "./fake-registry.ts";

export const amd64 = { os: "linux", architecture: "amd64" } as const;
export const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** A folder that is gone when the test ends. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "truss-ts-oci-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The store of an empty cache, and all that is told meanwhile. */
export function createContext(folder = makeFolder()) {
  const events: object[] = [];
  const report = (event: object) => void events.push(event);
  return { store: createBlobStore(folder), folder, report, events, signal: new AbortController().signal };
}

/** A stage with one file of the model, and one of data. */
export function makeStage(text = "export {};\n", data = "data\n"): Stage {
  const file = (path: string, content: string): StagedFile => {
    const bytes = Buffer.from(content);
    return { path, mode: 0o644, size: bytes.length, content: { kind: "bytes", bytes } };
  };
  const files = [file("config.yaml", "model_name: m\n"), file("data/a.txt", data), file("model/server.mjs", text)];
  const config = { modelName: "m", environmentVariables: { GREETING: "hello", PORT: "9" } };
  const stage = {
    project: { root: makeFolder(), config },
    endpoints: [],
    files,
    size: 1,
    digest: digestOf(Buffer.from(text)),
  };
  return { ...stage, archiveSize: 1, port: 8000, bundled: [] } as unknown as Stage;
}

/** A small base image in a registry: one layer with one file, whatever it is called. */
export async function putBase(registry: FakeRegistry, name = "base", path = "etc/os-release") {
  const tar = await packTar([{ header: { name: path, size: 4, mtime: new Date(0) }, body: "base" }]);
  const layer = gzipSync(tar);
  const config = Buffer.from(
    JSON.stringify({
      os: "linux",
      architecture: "amd64",
      config: { Env: ["PATH=/bin", "PORT=1"], Cmd: ["sh"], Labels: { kept: "yes" } },
      rootfs: { type: "layers", diff_ids: [`sha256:${createHash("sha256").update(tar).digest("hex")}`] },
      history: [{ created_by: "somebody" }],
    }),
  );
  const describe = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: describe("application/vnd.oci.image.config.v1+json", config),
      layers: [describe("application/vnd.oci.image.layer.v1.tar+gzip", layer)],
    }),
  );
  for (const bytes of [layer, config]) registry.blobs.set(digestOf(bytes), bytes);
  for (const reference of ["1", digestOf(manifest)]) {
    registry.manifests.set(`${name}:${reference}`, { type: manifestType, bytes: manifest });
  }
  return { layer: digestOf(layer), config: digestOf(config), manifest: digestOf(manifest) };
}

/** An image of a stage on a base, for amd64. */
export function build(base: Base, context: ReturnType<typeof createContext>, stage = makeStage()) {
  const { store, report, signal } = context;
  const created = "1970-01-01T00:00:00Z";
  const request = {
    stage,
    base,
    platforms: [amd64],
    packages: "install",
    sbom: false,
    annotations: {},
    created,
  } as const;
  return buildImage({ ...request, store, report, signal });
}
