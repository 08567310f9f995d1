import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeProject } from "../../contract/support/project.ts";
import type { Fixture } from "../../contract/support/target.ts";
import { testBase } from "./base.ts";
import { type PushedImage, push } from "./push.ts";
import { makeFolder, tool } from "./tools.ts";

/** The user that images run as. */
export const imageUser = "65532:65532";

const pushes = new Map<string, Promise<{ readonly pushed: PushedImage; readonly layout: string }>>();
/** Layouts of this process; made when the first one is. */
let made: ReturnType<typeof makeFolder> | undefined;

/** Takes away the layouts that all images were unpacked from. */
export function removeLayouts(): void {
  made?.remove();
  made = undefined;
  pushes.clear();
}

/** A fixture's image, unpacked by GNU tar into a root file system of its own. Pushed once for each config. */
export async function openImage(fixture: Fixture, config?: string) {
  const key = `${fixture}\n${config}`;
  const pushing = pushes.get(key) ?? pushFixture(fixture, config);
  pushes.set(key, pushing);
  const { pushed, layout } = await pushing;
  const root = mkdtempSync(join(rootsFolder(), "root-"));
  unpack(pushed, layout, root);
  return { root, remove: async () => rmSync(root, { recursive: true, force: true, maxRetries: 3 }) };
}

async function pushFixture(fixture: Fixture, config: string | undefined) {
  const project = await makeProject(fixture, config);
  made ??= makeFolder("images");
  const layout = join(made.path, String(pushes.size));
  try {
    const pushed = await push(project.root, ["--base", `oci:${testBase()}:24`, "--out", layout, "--no-sbom"]);
    return { pushed, layout };
  } finally {
    await project.remove();
  }
}

/** What a runtime would start, with its environment: that of the image, and nothing else. */
export function startOf(root: string): { readonly program: string; readonly args: readonly string[] } {
  return {
    program: "/usr/sbin/chroot",
    args: [`--userspec=${imageUser}`, root, "/usr/local/bin/node", "/app/model/server.mjs"],
  };
}

function unpack({ layers }: PushedImage, layout: string, root: string): void {
  // Linked, not copied: its user could not write there if it tried.
  rmSync(root, { recursive: true });
  tool("cp", ["-al", baseRoot(), root]);
  for (const { digest, kind } of layers) {
    if (kind === "base") continue;
    tool("tar", ["-xzf", join(layout, "blobs", "sha256", digest.slice(7)), "-C", root]);
  }
  chmodSync(root, 0o755);
  mkdirSync(join(root, "dev"), { recursive: true });
  for (const [name, minor] of [
    ["null", "3"],
    ["urandom", "9"],
  ] as const) {
    if (!existsSync(join(root, "dev", name))) {
      execFileSync("mknod", ["-m", "666", join(root, "dev", name), "c", "1", minor]);
    }
  }
}

/** On the disk of the base, so that its files can be linked. */
function rootsFolder(): string {
  return dirname(testBase());
}

/** The base, unpacked by umoci once. */
function baseRoot(): string {
  const layout = testBase();
  const bundle = `${layout}-unpacked`;
  if (!existsSync(bundle)) {
    const fresh = mkdtempSync(`${bundle}-`);
    rmSync(fresh, { recursive: true });
    tool("umoci", ["unpack", "--image", `${layout}:24`, fresh]);
    if (existsSync(bundle)) rmSync(fresh, { recursive: true });
    else renameSync(fresh, bundle);
  }
  return join(bundle, "rootfs");
}

/** The config of an image in a layout. */
export function readConfig(layout: string, digest: string): Readonly<Record<string, unknown>> {
  const read = (name: string) => JSON.parse(readFileSync(join(layout, "blobs", "sha256", name.slice(7)), "utf8"));
  return read(read(digest).config.digest);
}
