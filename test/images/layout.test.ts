import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeProject } from "../contract/support/project.ts";
import { testBase } from "./support/base.ts";
import { type PushedImage, push, tryPush } from "./support/push.ts";
import { readConfig } from "./support/rootfs.ts";
import { createPodman, describeImages, makeFolder, tool } from "./support/tools.ts";

describeImages("an OCI layout", () => {
  let project: Awaited<ReturnType<typeof makeProject>>;
  let pushed: PushedImage;
  const folder = makeFolder("layout");
  const layout = join(folder.path, "image");
  const base = () => ["--base", `oci:${testBase()}:24`];

  /** The fixture with data that is in part compressed and in part stored, in several pieces. */
  const makeLarge = async () => {
    const made = await makeProject("everything");
    mkdirSync(join(made.root, "data"), { recursive: true });
    const noise = createHash("shake256", { outputLength: 9_000_000 }).update("noise").digest();
    writeFileSync(join(made.root, "data", "weights.bin"), Buffer.concat([noise, Buffer.alloc(9_000_000, "text ")]));
    return made;
  };

  beforeAll(async () => {
    project = await makeLarge();
    pushed = await push(project.root, [...base(), "--out", layout]);
  });
  afterAll(async () => {
    await project.remove();
    folder.remove();
  });

  it("is read by skopeo and umoci, under its digest", () => {
    const inspected = JSON.parse(tool("skopeo", ["inspect", `oci:${layout}:latest`])) as {
      Digest: string;
      Layers: string[];
    };
    expect(inspected.Digest).toBe(pushed.digest);
    expect(inspected.Layers).toEqual(pushed.layers.map(({ digest }) => digest));
    expect(pushed.layers.map(({ kind }) => kind)).toEqual(["base", "base", "data", "model"]);
    const stat = tool("umoci", ["stat", "--image", `${layout}:latest`]);
    expect(stat).toContain("truss-ts push: model");
  });

  it("says how it is run, without what the base said", () => {
    const { config, created } = readConfig(layout, pushed.digest) as {
      config: Record<string, unknown>;
      created: string;
    };
    expect(created).toBe("1970-01-01T00:00:00Z");
    expect(config).toMatchObject({
      User: "65532:65532",
      Entrypoint: ["node", "/app/model/server.mjs"],
      WorkingDir: "/app",
      ExposedPorts: { "8080/tcp": {} },
      StopSignal: "SIGTERM",
      Healthcheck: { Test: ["CMD", "node", "/app/model/server.mjs", "--check-health"] },
    });
    expect(config).not.toHaveProperty("Cmd");
    const environment = config["Env"] as string[];
    expect(environment).toEqual(expect.arrayContaining(["NODE_ENV=production", "TRUSS_TS_CONTAINER=1", "HOME=/tmp"]));
    expect(environment).toContain("PATH=/usr/local/bin:/usr/bin:/bin");
    expect(environment.filter((line) => /^(PORT|HOSTNAME)=/.test(line))).toEqual([]);
  });

  it("unpacks to files that are root's and that anybody may read, dated zero", () => {
    const root = join(folder.path, "unpacked");
    tool("umoci", ["unpack", "--image", `${layout}:latest`, root]);
    for (const name of ["config.yaml", "model/server.mjs", "model/server.mjs.map"]) {
      const { uid, gid, mode, mtimeMs } = statSync(join(root, "rootfs", "app", name));
      expect([uid, gid, mode & 0o777, mtimeMs]).toEqual([0, 0, 0o644, 0]);
    }
    const weights = (folder: string) => readFileSync(join(folder, "data", "weights.bin"));
    expect(weights(join(root, "rootfs", "app")).equals(weights(project.root))).toBe(true);
    expect(tool("find", [join(root, "rootfs", "app"), "-type", "d", "-not", "-perm", "755"])).toBe("");
  });

  it("has its bill of materials attached", () => {
    const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as {
      manifests: Record<string, string>[];
    };
    const [, attached] = index.manifests;
    expect(attached).toMatchObject({ artifactType: "application/vnd.cyclonedx+json", digest: pushed.sbom[0] });
    const read = (digest = "") => JSON.parse(readFileSync(join(layout, "blobs", "sha256", digest.slice(7)), "utf8"));
    const manifest = read(attached?.["digest"]);
    expect(manifest.subject.digest).toBe(pushed.digest);
    expect(read(manifest.layers[0].digest)).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6" });
  });

  it("the same project makes the same image in another folder, with other dates, umask and cache", async () => {
    const other = await makeLarge();
    const cache = makeFolder("cache");
    try {
      tool("find", [other.root, "-name", "*.ts", "-exec", "touch", "-d", "2001-02-03", "{}", "+"]);
      const env = { TRUSS_TS_CACHE_DIR: cache.path };
      const umask = process.umask(0o077);
      const again = await push(other.root, [...base(), "--out", join(cache.path, "image")], { env }).finally(() =>
        process.umask(umask),
      );
      expect(again.digest).toBe(pushed.digest);
      expect(again.layers.filter(({ kind }) => kind !== "base").every(({ reused }) => !reused)).toBe(true);
      // Without writing anything, the digest is known as well.
      const dry = await push(other.root, [...base(), "--out", join(cache.path, "dry"), "--dry-run"], { env });
      expect(dry.digest).toBe(pushed.digest);
      expect(readdirSync(cache.path)).not.toContain("dry");
    } finally {
      await other.remove();
      cache.remove();
    }
  });

  it("an edit changes the model's layer alone, and leaves nothing of the old one", async () => {
    const file = join(project.root, "model", "model.ts");
    writeFileSync(file, `${readFileSync(file, "utf8")}\nexport const edited = true;\nconsole.log(edited);\n`);
    const out = join(folder.path, "edited");
    const first = await push(project.root, [...base(), "--out", out, "--no-sbom"]);
    writeFileSync(file, readFileSync(file, "utf8").replace("console.log(edited)", "console.log(edited, 2)"));
    const second = await push(project.root, [...base(), "--out", out, "--no-sbom"]);
    const changed = second.layers.filter(({ digest }) => !first.layers.some((layer) => layer.digest === digest));
    expect(changed.map(({ kind, reused }) => [kind, reused])).toEqual([["model", false]]);
    // Layers, config and manifest; and skopeo needs no name where there is one image.
    expect(readdirSync(join(out, "blobs", "sha256")).length).toBe(second.layers.length + 2);
    expect(JSON.parse(tool("skopeo", ["inspect", `oci:${out}`]))).toMatchObject({ Digest: second.digest });
  });

  it("podman runs it without a network, on a read-only root, as its user; its health check and SIGTERM work", () => {
    const podman = createPodman();
    try {
      const id = podman.take(`oci:${layout}:latest`);
      const run = [
        "run",
        "--detach",
        "--network",
        "none",
        "--read-only",
        "--read-only-tmpfs=false",
        "--cap-drop",
        "all",
      ];
      const container = podman.run(...run, "--env", "TRUSS_SECRET_declared_secret=x", id);
      expect(podman.run("exec", container, "node", "-p", "fs.statSync('data/weights.bin').size")).toBe("18000000");
      const inside = (script: string) => podman.run("exec", container, "node", "--input-type=module", "-e", script);
      const answer = inside(`
        const url = "http://127.0.0.1:8080";
        for (;;) { try { if ((await fetch(url + "/health/ready")).ok) break; } catch {} await new Promise((next) => setTimeout(next, 50)); }
        const answer = await fetch(url + "/predict", { method: "POST", headers: { "content-type": "application/json" }, body: '"hello"' });
        console.log(JSON.stringify([await answer.json(), process.getuid(), process.getgid()]));`);
      expect(JSON.parse(answer)).toEqual(["hello", 65532, 65532]);
      podman.run("exec", container, "node", "/app/model/server.mjs", "--check-health");
      podman.run("stop", "--time", "20", container);
      expect(podman.run("inspect", "--format", "{{.State.ExitCode}}", container)).toBe("0");
    } finally {
      podman.remove();
    }
  });

  it("a base that is damaged, missing or for another processor is told of, and nothing is written", async () => {
    const copy = join(folder.path, "copy");
    tool("cp", ["-a", testBase(), copy]);
    const blobs = readdirSync(join(copy, "blobs", "sha256")).map((name) => join(copy, "blobs", "sha256", name));
    const largest = blobs.sort((one, other) => statSync(other).size - statSync(one).size)[0] ?? "";
    const tried = async (name: string, ...more: string[]) => {
      const out = join(folder.path, "none");
      const { code, stderr } = await tryPush(project.root, ["--base", name, "--out", out, ...more]);
      expect(readdirSync(folder.path).includes("none") && readdirSync(out).includes("index.json")).toBe(false);
      rmSync(out, { recursive: true, force: true });
      return `${code} ${stderr.slice(stderr.indexOf("✖"))}`;
    };
    writeFileSync(largest, "damaged");
    expect(await tried(`oci:${copy}:24`)).toMatch(/^5 [^]*BASE_INVALID[^]*is damaged/);
    rmSync(largest);
    expect(await tried(`oci:${copy}:24`)).toMatch(/^5 [^]*is missing/);
    expect(await tried(`oci:${copy}:25`)).toMatch(/^5 [^]*it holds: 24, arm, both/);
    expect(await tried(`oci:${folder.path}/nowhere:24`)).toMatch(/^5 [^]*no OCI layout/);
    expect(await tried(`oci:${testBase()}:arm`)).toMatch(/^5 [^]*linux\/arm64, not linux\/amd64/);
  });
});
