// What the tests of images need of the machine: tools of others that read, run and store what push makes.
import { spawnSync } from "node:child_process";

/** Debian's packages, and the programs of theirs that are looked for. */
const programs = {
  skopeo: "skopeo",
  umoci: "umoci",
  podman: "podman",
  buildah: "buildah",
  runc: "runc",
  conmon: "conmon",
  "docker-registry": "docker-registry",
  htpasswd: "apache2-utils",
  mmdebstrap: "mmdebstrap",
  openssl: "openssl",
};

/** Throws where they cannot run, and says why. */
export function prepareImages() {
  const missing = missingPrograms();
  if (missing.length > 0) throw new Error(`apt-get install ${missing.map((name) => programs[name]).join(" ")}`);
  if (process.getuid?.() !== 0) throw new Error("root file systems are unpacked and run as root only");
}

function missingPrograms() {
  return Object.keys(programs).filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0);
}
