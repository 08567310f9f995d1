// What the bench of images needs beside truss-ts: a base that no registry has to be asked for, and buildah.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { cacheFolder, cleanEnv, makeFolder, run } from "./workshop.mjs";

/** Why images cannot be measured here, or undefined. */
export async function whyNoImages() {
  for (const program of ["mmdebstrap", "umoci", "buildah"]) {
    const found = await run(program, ["--version"]).catch(() => undefined);
    if (found === undefined) return `${program} is not there`;
  }
  return process.getuid?.() === 0 ? undefined : "it needs root, for mounts";
}

/** Whether a Docker daemon answers, and why not. */
export async function whyNoDocker() {
  const found = await run("docker", ["version", "--format", "{{.Server.Version}}"]).catch((error) => error);
  return found instanceof Error ? "no Docker daemon answers on this machine" : undefined;
}

/** An OCI layout with a small Debian and this Node: `base:24`. Made once, in about 20 s. */
export async function makeBase() {
  const home = cacheFolder("image-base");
  const layout = join(home, `base-${process.version}-${process.arch}`);
  if (existsSync(layout)) return layout;
  const work = makeFolder("base");
  const [root, fresh] = [join(work, "root"), join(work, "layout")];
  const include = "--include=libc6,libstdc++6,libgcc-s1,base-files,netbase";
  const long = { timeoutMs: 300_000 };
  await run("mmdebstrap", ["--quiet", "--variant=extract", include, "bookworm", `${root}.tar`], long);
  mkdirSync(join(root, "usr", "local", "bin"), { recursive: true });
  await run("tar", ["-xf", `${root}.tar`, "-C", root, "--exclude=./dev/*"], long);
  copyFileSync(process.execPath, join(root, "usr", "local", "bin", "node"));
  const path = ["--config.env", "PATH=/usr/local/bin:/usr/bin:/bin", "--os", "linux"];
  await run("umoci", ["init", "--layout", fresh]);
  await run("umoci", ["new", "--image", `${fresh}:24`]);
  await run("umoci", ["insert", "--image", `${fresh}:24`, root, "/"], long);
  await run("umoci", ["config", "--image", `${fresh}:24`, ...path]);
  rmSync(layout, { recursive: true, force: true });
  renameSync(fresh, layout);
  return layout;
}

/** A buildah with a storage of its own, whose settings work in containers, too. */
export function createBuildah() {
  const folder = makeFolder("buildah");
  const at = (name) => join(folder, name);
  writeFileSync(at("containers.conf"), '[containers]\ndefault_ulimits = ["nofile=1024:20000"]\n');
  writeFileSync(
    at("storage.conf"),
    `[storage]\ndriver = "overlay"\ngraphroot = "${at("graph")}"\nrunroot = "${at("run")}"\n`,
  );
  const env = {
    BUILDAH_ISOLATION: "chroot",
    CONTAINERS_CONF: at("containers.conf"),
    CONTAINERS_STORAGE_CONF: at("storage.conf"),
  };
  const buildah = (...args) => run("buildah", args, { env: cleanEnv(env), timeoutMs: 300_000 });
  return {
    env,
    run: buildah,
    /** Nothing is known of any image, as on a new machine. */
    forget: () => buildah("rmi", "--all", "--force"),
    async close() {
      await buildah("rmi", "--all", "--force").catch(() => undefined);
      await run("umount", ["-l", at("graph/overlay")]).catch(() => undefined);
    },
  };
}

/** The layers of the image that a layout names: their sizes in bytes, packed, the base's first. */
export function readLayers(layout) {
  const read = (digest) => JSON.parse(readFileSync(join(layout, "blobs", "sha256", digest.slice(7)), "utf8"));
  const { manifests } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
  const named = manifests.findLast(({ annotations = {} }) => "org.opencontainers.image.ref.name" in annotations);
  return read(named.digest).layers.map(({ digest, size }) => ({ digest, size }));
}

/** Bytes of the largest file in a folder. */
export function weigh(folder) {
  return Math.max(...readdirSync(folder).map((name) => statSync(join(folder, name)).size));
}
