import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { repository } from "../../contract/support/project.ts";
import { tool } from "./tools.ts";

const cache = join(repository, "node_modules", ".cache", "truss-ts-images");
/** Changes with what is in the base. */
const edition = 1;

/**
 * An OCI layout with a small Debian and this Node, made by tools that are not ours: `24` is for amd64 (or what this
 * machine is), `both` is an index with an arm64 that is not to be run. Made once, in about 20 s.
 */
export function testBase(): string {
  const folder = join(cache, `base-${edition}-${process.version}-${process.arch}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, "making-"));
  try {
    const layout = fillBase(work);
    // Another process may have been quicker.
    if (!existsSync(folder)) renameSync(layout, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

function fillBase(work: string): string {
  const [layout, root] = [join(work, "layout"), join(work, "root")];
  const include = "libc6,libstdc++6,libgcc-s1,base-files,netbase";
  tool("mmdebstrap", ["--quiet", "--variant=extract", `--include=${include}`, "bookworm", `${root}.tar`]);
  mkdirSync(join(root, "usr", "local", "bin"), { recursive: true });
  tool("tar", ["-xf", `${root}.tar`, "-C", root, "--exclude=./dev/*"]);
  mkdirSync(join(root, "etc"), { recursive: true });
  writeFileSync(join(root, "etc", "passwd"), "root:x:0:0:root:/root:/sbin/nologin\n");
  const node = join(work, "node");
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  const umoci = (...args: string[]) => tool("umoci", args);
  umoci("init", "--layout", layout);
  umoci("new", "--image", `${layout}:24`);
  umoci("insert", "--image", `${layout}:24`, root, "/");
  umoci("insert", "--image", `${layout}:24`, node, "/usr/local/bin/node");
  const config = [
    "--config.env",
    "PATH=/usr/local/bin:/usr/bin:/bin",
    "--config.env",
    "PORT=3000",
    "--config.cmd",
    "node",
  ];
  umoci("config", "--image", `${layout}:24`, "--os", "linux", "--architecture", "amd64", ...config);
  umoci("new", "--image", `${layout}:arm`);
  umoci("insert", "--image", `${layout}:arm`, join(root, "etc"), "/etc");
  umoci("config", "--image", `${layout}:arm`, "--os", "linux", "--architecture", "arm64", ...config);
  umoci("gc", "--layout", layout);
  addIndex(layout);
  return layout;
}

interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** `both`: what umoci cannot make. */
function addIndex(layout: string): void {
  const refName = "org.opencontainers.image.ref.name";
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: Entry[] };
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const manifests = index.manifests.map(({ mediaType, digest, size, annotations }) => {
    const architecture = annotations[refName] === "arm" ? "arm64" : "amd64";
    return { mediaType, digest, size, platform: { os: "linux", architecture } };
  });
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  const hex = createHash("sha256").update(bytes).digest("hex");
  writeFileSync(join(layout, "blobs", "sha256", hex), bytes);
  const entry = { mediaType, digest: `sha256:${hex}`, size: bytes.length, annotations: { [refName]: "both" } };
  index.manifests.push(entry);
  writeFileSync(join(layout, "index.json"), JSON.stringify(index));
}
