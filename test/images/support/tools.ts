import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";

const needed = ["skopeo", "umoci", "podman", "buildah", "runc", "docker-registry", "htpasswd", "mmdebstrap", "openssl"];

/** What this machine lacks for these tests; they need root as well, for devices and chroot. */
const missing = [
  ...needed.filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0),
  ...(process.getuid?.() === 0 ? [] : ["root"]),
];

if (missing.length > 0 && process.env["TRUSS_TS_IMAGES"] === "required") {
  throw new Error(`the tests of images must run, and lack ${missing.join(", ")}`);
}

/** Skipped where the tools are missing; `npm test` says so in a line of its own. */
export const describeImages = describe.skipIf(missing.length > 0);

/** Runs a program to its end and answers what it printed; a failure has what it said. */
export function tool(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  return execFileSync(program, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    maxBuffer: 64 << 20,
  });
}

/** A folder that `remove` takes away. */
export function makeFolder(name: string) {
  const path = mkdtempSync(join(tmpdir(), `truss-ts-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) };
}

/** podman with a storage of its own, with settings that work inside containers and on old control groups. */
export function createPodman() {
  const folder = makeFolder("podman");
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
    `[storage]
driver = "overlay"
graphroot = "${at("graph")}"
runroot = "${at("run")}"
`,
  );
  mkdirSync(at("tmp"));
  const env = {
    CONTAINERS_CONF: at("containers.conf"),
    CONTAINERS_STORAGE_CONF: at("storage.conf"),
    TMPDIR: at("tmp"),
  };
  return {
    run: (...args: string[]) => tool("podman", args, env).trim(),
    /** Takes an image from where skopeo can read it. */
    take(source: string): string {
      tool(
        "skopeo",
        ["copy", "--quiet", "--src-tls-verify=false", source, "containers-storage:localhost/taken:1"],
        env,
      );
      return "localhost/taken:1";
    },
    remove() {
      spawnSync("podman", ["rm", "--all", "--force", "--time", "0"], { env: { ...process.env, ...env } });
      spawnSync("podman", ["rmi", "--all", "--force"], { env: { ...process.env, ...env } });
      // A mount that is left would keep the folder.
      spawnSync("umount", ["-l", at("graph/overlay")]);
      folder.remove();
    },
  };
}
