import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { makeProject } from "../contract/support/project.ts";
import { testBase } from "./support/base.ts";
import { push, tryPush } from "./support/push.ts";
import { type Registry, startRegistry } from "./support/registry.ts";
import { startTokenServer } from "./support/token-server.ts";
import { createPodman, describeImages, makeFolder, tool } from "./support/tools.ts";

type Project = Awaited<ReturnType<typeof makeProject>>;

/** A folder with a `config.json` as docker writes it. */
function dockerConfig(folder: string, host: string, entry: Readonly<Record<string, string>>): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [host]: entry } }));
  return folder;
}

const basic = (text: string) => ({ auth: Buffer.from(text).toString("base64") });

describeImages("a registry", () => {
  let project: Project;
  let registry: Registry;
  const folder = makeFolder("registries");

  beforeAll(async () => {
    project = await makeProject("everything");
    registry = await startRegistry();
    const to = `docker://${registry.host}/base/node:24`;
    tool("skopeo", ["copy", "--quiet", "--dest-tls-verify=false", `oci:${testBase()}:24`, to]);
    await registry.countUploads();
  });
  afterAll(async () => {
    await registry.close();
    await project.remove();
    folder.remove();
  });

  it("takes a push; a second one of an edited model sends its layer alone; a pull gives the same digest, and runs", async () => {
    const flags = ["--base", `${registry.host}/base/node:24`, "--image", `${registry.host}/team/model:1`];
    const env = { TRUSS_TS_CACHE_DIR: join(folder.path, "fresh-cache") };
    const first = await push(project.root, flags, { env });
    expect(first.image).toBe(`${registry.host}/team/model@${first.digest}`);
    expect(first.layers.map(({ kind, reused }) => [kind, reused])).toEqual([
      ["base", true],
      ["base", true],
      ["model", false],
    ]);
    // Model and config, and those of the bill of materials. The base's layers were neither fetched nor sent.
    expect(await registry.countUploads()).toBe(4);
    const fetched = registry.requests.filter((line) => line.startsWith("GET /v2/base/node/blobs/"));
    expect(fetched.length).toBe(1);
    const inspect = (reference: string) =>
      JSON.parse(tool("skopeo", ["inspect", "--tls-verify=false", `docker://${registry.host}/${reference}`])) as {
        Digest: string;
      };
    expect(inspect("team/model:1").Digest).toBe(first.digest);
    const again = await push(project.root, flags, { env });
    expect(again).toMatchObject({
      digest: first.digest,
      layers: [{ reused: true }, { reused: true }, { reused: true }],
    });
    expect(await registry.countUploads()).toBe(0);

    const file = join(project.root, "model", "model.ts");
    writeFileSync(file, `${readFileSync(file, "utf8")}\nconsole.log("edited");\n`);
    const edited = await push(project.root, [...flags, "--no-sbom"], { env });
    const changed = edited.layers.filter(({ reused }) => !reused);
    expect(changed.map(({ kind }) => kind)).toEqual(["model"]);
    expect(await registry.countUploads()).toBe(2);
    expect(inspect("team/model:1").Digest).toBe(edited.digest);
    const whole = join(folder.path, "pulled");
    tool("skopeo", ["copy", "--quiet", "--src-tls-verify=false", `docker://${first.image}`, `dir:${whole}`]);
    expect(`sha256:${tool("sha256sum", [join(whole, "manifest.json")]).slice(0, 64)}`).toBe(first.digest);
  });

  it("lists the bill of materials as the specification's fallback tag says", async () => {
    const flags = ["--base", `${registry.host}/base/node:24`, "--image", `${registry.host}/team/model:sbom`];
    const { digest, sbom } = await push(project.root, flags);
    const list = async (name: string) =>
      (await (
        await fetch(`http://${registry.host}/v2/team/model/manifests/${name}`, {
          headers: { accept: "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json" },
        })
      ).json()) as Record<string, never>;
    const index = (await list(digest.replace(":", "-"))) as unknown as {
      manifests: { digest: string; artifactType: string }[];
    };
    expect(index.manifests).toMatchObject([{ digest: sbom[0], artifactType: "application/vnd.cyclonedx+json" }]);
    const manifest = (await list(sbom[0] ?? "")) as unknown as {
      subject: { digest: string };
      layers: { digest: string }[];
    };
    expect(manifest.subject.digest).toBe(digest);
    const bill = await fetch(`http://${registry.host}/v2/team/model/blobs/${manifest.layers[0]?.digest}`);
    expect(await bill.json()).toMatchObject({ bomFormat: "CycloneDX" });
  });

  it("has the image that manifests name by its digest", async () => {
    const out = join(folder.path, "manifests");
    const flags = [
      "--base",
      `${registry.host}/base/node:24`,
      "--image",
      `${registry.host}/team/model:k8s`,
      "--out",
      out,
    ];
    const { digest, image, path } = await push(project.root, flags, { target: "kubernetes" });
    expect(image).toBe(`${registry.host}/team/model@${digest}`);
    const [deployment] = parseAllDocuments(readFileSync(path ?? "", "utf8")).map(
      (document) => document.toJS() as never,
    );
    expect(deployment).toMatchObject({ spec: { template: { spec: { containers: [{ image }] } } } });
    expect(tool("skopeo", ["inspect", "--tls-verify=false", `docker://${image}`])).toContain(digest);
  });

  it("with a password lets in who knows it, and says to others what to do", async () => {
    const locked = await startRegistry({ kind: "basic", user: "me", password: "pa:ss word" });
    try {
      const flags = ["--base", `oci:${testBase()}:24`, "--image", `${locked.host}/team/model:1`, "--no-sbom"];
      for (const entry of [undefined, basic("me:wrong-pa55")]) {
        const env =
          entry === undefined ? {} : { DOCKER_CONFIG: dockerConfig(join(folder.path, "wrong"), locked.host, entry) };
        const { code, stdout, stderr } = await tryPush(project.root, flags, { env });
        expect(code).toBe(3);
        expect(JSON.parse(stdout)).toMatchObject({ error: { code: "AUTH_REFUSED" } });
        expect(stderr).toContain(`docker login ${locked.host}`);
        expect(stdout + stderr).not.toMatch(/wrong-pa55|bWU6/);
      }
      const REGISTRY_AUTH_FILE = join(
        dockerConfig(join(folder.path, "right"), locked.host, basic("me:pa:ss word")),
        "config.json",
      );
      const { digest } = await push(project.root, flags, { env: { REGISTRY_AUTH_FILE } });
      const credentials = ["--tls-verify=false", "--creds", "me:pa:ss word"];
      const inspected = tool("skopeo", ["inspect", ...credentials, `docker://${locked.host}/team/model:1`]);
      expect(JSON.parse(inspected)).toMatchObject({ Digest: digest });
    } finally {
      await locked.close();
    }
  });

  it("with a token server is pushed to with short-lived tokens, by password or by refresh token", async () => {
    const tokens = await startTokenServer("me", "s3cret", 12);
    const { realm, service, certificate } = tokens;
    const locked = await startRegistry({ kind: "token", realm, service, certificate });
    try {
      const flags = ["--base", `oci:${testBase()}:24`, "--image", `${locked.host}/team/model:1`, "--no-sbom"];
      const denied = await tryPush(project.root, flags);
      expect([denied.code, denied.stderr]).toEqual([3, expect.stringContaining("AUTH_REFUSED")]);
      const byPassword = dockerConfig(join(folder.path, "password"), locked.host, basic("me:s3cret"));
      const pushed = await push(project.root, flags, { env: { DOCKER_CONFIG: byPassword } });
      expect(tokens.asked.at(-1)).toEqual({ scopes: ["repository:team/model:pull,push"], user: "me", how: "GET" });
      // Who may pull without a name may build on it.
      const next = ["--base", `${locked.host}/team/model:1`, "--image", `${locked.host}/team/next:1`, "--no-sbom"];
      const byToken = dockerConfig(join(folder.path, "token"), locked.host, { identitytoken: "s3cret" });
      await locked.countUploads();
      const mounted = await push(project.root, next, { env: { DOCKER_CONFIG: byToken } });
      expect(mounted.layers.filter(({ reused }) => !reused)).toEqual([]);
      expect(mounted.layers.length).toBe(pushed.layers.length + 1);
      expect(tokens.asked.at(-1)).toEqual({
        scopes: ["repository:team/next:pull,push", "repository:team/model:pull"],
        user: "me",
        how: "POST",
      });
      // Its config; every layer was taken over within the registry.
      expect(await locked.countUploads()).toBe(1);
    } finally {
      await locked.close();
      tokens.close();
    }
  });

  it("that is not there, or does not know the base, has its exit code", async () => {
    const out = ["--out", join(folder.path, "none")];
    const missing = await tryPush(project.root, ["--base", `${registry.host}/base/nothing:1`, ...out]);
    expect([missing.code, missing.stderr]).toEqual([4, expect.stringContaining("does not know")]);
    const nobody = await tryPush(project.root, ["--base", "127.0.0.1:1/base:1", ...out]);
    expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining("could not be reached")]);
    const dry = await push(project.root, ["--base", "127.0.0.1:1/base:1", ...out, "--dry-run"]);
    expect(dry).toMatchObject({ digest: null, platforms: ["linux/amd64"] });
    const wrong = await tryPush(project.root, ["--image", `${registry.host}/Team/model`]);
    expect([wrong.code, wrong.stdout]).toEqual([2, ""]);
  });

  it("hands the image to podman, from a tarball as well", async () => {
    const podman = createPodman();
    try {
      const file = join(folder.path, "image.tar");
      const flags = ["--base", `oci:${testBase()}:24`, "--out", file, "--tag", "example/model:7"];
      const { digest } = await push(project.root, flags);
      expect(podman.run("load", "--quiet", "--input", file)).toContain("example/model:7");
      const inspected = JSON.parse(tool("skopeo", ["inspect", `oci-archive:${file}`])) as { Digest: string };
      expect(inspected.Digest).toBe(digest);
      // Docker's own form in the same file.
      expect(JSON.parse(tool("skopeo", ["inspect", "--config", `docker-archive:${file}`]))).toMatchObject({
        config: { User: "65532:65532" },
      });
      const script = "console.log(process.getuid(), process.env.TRUSS_TS_CONTAINER)";
      const run = ["run", "--rm", "--network", "none", "--entrypoint", "node", "example/model:7", "-e", script];
      expect(podman.run(...run)).toBe("65532 1");
      // And what podman saves is a base in its turn; a small one will do, whoever it is for.
      const at = (name: string) => join(folder.path, name);
      const [small, saved, next] = [at("small.tar"), at("saved.tar"), at("next")];
      const arm = ["--platform", "linux/arm64", "--no-sbom"];
      await push(project.root, ["--base", `oci:${testBase()}:arm`, "--out", small, "--tag", "example/arm:1", ...arm]);
      podman.run("load", "--quiet", "--input", small);
      podman.run("save", "--quiet", "--output", saved, "example/arm:1");
      const { layers } = await push(project.root, ["--base", saved, "--out", next, ...arm]);
      expect(layers.map(({ kind }) => kind)).toEqual(["base", "base", "model"]);
      tool("umoci", ["unpack", "--image", `${next}:latest`, `${next}-root`]);
    } finally {
      podman.remove();
    }
  }, 120_000);

  it("is not needed for a base in an OCI archive, gzipped or not", async () => {
    const archive = join(folder.path, "base.tar");
    tool("skopeo", [
      "--override-arch",
      "arm64",
      "copy",
      "--quiet",
      `oci:${testBase()}:arm`,
      `oci-archive:${archive}:1`,
    ]);
    const flags = ["--no-sbom", "--platform", "linux/arm64", "--out", join(folder.path, "on-archive")];
    const plain = await push(project.root, ["--base", archive, ...flags]);
    tool("gzip", ["-1", archive]);
    const zipped = await push(project.root, ["--base", `${archive}.gz`, ...flags]);
    const direct = await push(project.root, ["--base", `oci:${testBase()}:arm`, ...flags]);
    expect([zipped.digest, direct.digest]).toEqual([plain.digest, plain.digest]);
  });
});
