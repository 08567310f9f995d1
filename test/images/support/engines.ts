import { spawnSync } from "node:child_process";
import {
  cpSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { repository } from "../../contract/support/project.ts";
import { makeFolder, tool } from "./tools.ts";

const cache = join(repository, "node_modules", ".cache", "truss-ts-images");
/** Changes with what is in it. */
const edition = 1;

/** An OCI layout whose `24` has a shell, this Node and its npm: what packages are installed in. Made once. */
export function builderBase(): string {
  const folder = join(cache, `builder-${edition}-${process.version}-${process.arch}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, "making-"));
  try {
    const layout = fill(join(work, "root"), join(work, "layout"));
    if (!existsSync(folder)) renameSync(layout, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

function fill(root: string, layout: string): string {
  const include = "--include=libc6,libstdc++6,libgcc-s1,base-files,netbase,dash,coreutils";
  tool("mmdebstrap", ["--quiet", "--variant=extract", include, "bookworm", `${root}.tar`]);
  const local = join(root, "usr", "local");
  for (const name of ["bin", "lib/node_modules"]) mkdirSync(join(local, name), { recursive: true });
  tool("tar", ["-xf", `${root}.tar`, "-C", root, "--exclude=./dev/*"]);
  for (const name of ["root", "tmp"]) mkdirSync(join(root, name), { recursive: true });
  copyFileSync(process.execPath, join(local, "bin", "node"));
  cpSync(npmFolder(), join(local, "lib/node_modules/npm"), { recursive: true });
  writeFileSync(
    join(local, "bin", "npm"),
    '#!/bin/sh\nexec node /usr/local/lib/node_modules/npm/bin/npm-cli.js "$@"\n',
    { mode: 0o755 },
  );
  const umoci = (...args: string[]) => tool("umoci", args);
  umoci("init", "--layout", layout);
  umoci("new", "--image", `${layout}:24`);
  umoci("insert", "--image", `${layout}:24`, root, "/");
  umoci("config", "--image", `${layout}:24`, "--os", "linux", "--config.env", "PATH=/usr/local/bin:/usr/bin:/bin");
  return layout;
}

function npmFolder(): string {
  const [program = ""] = tool("sh", ["-c", "command -v npm"]).split("\n");
  return dirname(dirname(realpathSync(program)));
}

/** podman and buildah with a storage of their own, and settings that work in containers, too. */
export function createEngines() {
  const folder = makeFolder("engines");
  const at = (name: string) => join(folder.path, name);
  writeFileSync(
    at("containers.conf"),
    `[containers]
default_ulimits = ["nofile=1024:20000","nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`,
  );
  writeFileSync(
    at("storage.conf"),
    `[storage]\ndriver = "overlay"\ngraphroot = "${at("graph")}"\nrunroot = "${at("run")}"\n`,
  );
  const env = {
    BUILDAH_ISOLATION: "chroot",
    CONTAINERS_CONF: at("containers.conf"),
    CONTAINERS_STORAGE_CONF: at("storage.conf"),
  };
  return {
    env,
    run: (program: string, ...args: string[]) => tool(program, args, env).trim(),
    remove() {
      const all = { ...process.env, ...env };
      spawnSync("podman", ["rm", "--all", "--force", "--time", "0"], { env: all });
      spawnSync("podman", ["rmi", "--all", "--force"], { env: all });
      // A mount that is left would keep the folder.
      spawnSync("umount", ["-l", at("graph/overlay")]);
      folder.remove();
    },
  };
}
