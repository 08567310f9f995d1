import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";

/** A package to publish: its package.json, and files beside it. */
export interface Publication {
  readonly manifest: { readonly name: string; readonly version: string; readonly [field: string]: unknown };
  readonly files?: Readonly<Record<string, string>>;
}

/** A registry on loopback that has these packages and no other; npm needs no network then. */
export async function startNpmRegistry(publications: readonly Publication[]) {
  const packages = await Promise.all(publications.map(pack));
  let url = "";
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "/")
      .replace(/\?.*$/, "")
      .slice(1);
    const tarball = packages.find((entry) => `${entry.manifest.name}/-/${entry.manifest.version}.tgz` === path);
    if (tarball !== undefined) return response.end(tarball.bytes);
    const versions = packages.filter(({ manifest }) => manifest.name === path);
    if (versions.length === 0) return response.writeHead(404).end("{}");
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify(describe(path, versions, url)));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  return { url, close: () => void server.close(() => undefined) };
}

type Packed = Awaited<ReturnType<typeof pack>>;

async function pack({ manifest, files = {} }: Publication) {
  const contents = { "index.js": `module.exports = ${JSON.stringify(manifest.version)};`, ...files };
  const entries = Object.entries({ "package.json": JSON.stringify(manifest), ...contents }).map(([name, body]) => ({
    header: { name: `package/${name}`, size: Buffer.byteLength(body) },
    body,
  }));
  const bytes = gzipSync(await packTar(entries));
  return { manifest, bytes, integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}` };
}

function describe(name: string, packed: readonly Packed[], url: string) {
  const versions = packed.map(({ manifest, integrity }) => {
    const tarball = `${url}/${name}/-/${manifest.version}.tgz`;
    return [
      manifest.version,
      { ...manifest, hasInstallScript: hasScript(manifest), dist: { tarball, integrity } },
    ] as const;
  });
  return { name, "dist-tags": { latest: versions.at(-1)?.[0] }, versions: Object.fromEntries(versions) };
}

function hasScript({ scripts }: Publication["manifest"]): boolean {
  return ["preinstall", "install", "postinstall"].some((name) => name in Object(scripts));
}
