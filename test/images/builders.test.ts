import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { repository } from "../contract/support/project.ts";
import { testBase } from "./support/base.ts";
import { builderBase, createEngines } from "./support/engines.ts";
import { push, tryPush } from "./support/push.ts";
import { type Registry, startRegistry } from "./support/registry.ts";
import { describeImages, tool } from "./support/tools.ts";

const token = "s3cret-t0ken-of-the-builder-test";

const authority = "authority-of-the-builder-test";

/** Those that this machine has to know anyway, with a remark that can be told from others. */
function writeAuthorities(root: string): string {
  const own = process.env["NODE_EXTRA_CA_CERTS"];
  const file = join(root, "authorities.pem");
  writeFileSync(file, `# ${authority}\n${own === undefined ? "" : readFileSync(own, "utf8")}`);
  return file;
}

/** A project with a package that works only once its install script has run. */
function makeProject(): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "truss-ts-built-")));
  const write = (path: string, text: string) => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const build = `require("node:fs").writeFileSync(__dirname + "/built.node.json", JSON.stringify({ where: process.cwd(), home: process.env.HOME }));`;
  write(
    "built/package.json",
    JSON.stringify({ name: "built", version: "1.0.0", scripts: { install: "node build.js" } }),
  );
  write("built/build.js", build);
  write(
    "built/index.js",
    'module.exports = JSON.parse(require("node:fs").readFileSync(require("node:path").join(__dirname, "built.node.json"), "utf8"));',
  );
  tool("npm", ["pack", "--silent", "--pack-destination", root, join(root, "built")]);
  rmSync(join(root, "built"), { recursive: true });
  const dependencies = { built: "file:built-1.0.0.tgz" };
  write("package.json", JSON.stringify({ name: "project", type: "module", private: true, dependencies }));
  write("config.yaml", "model_name: built\n");
  write("model/model.ts", 'import built from "built";\nexport class Model { predict() { return built; } }\n');
  tool("npm", ["install", "--prefix", root, "--offline", "--no-audit", "--no-fund"]);
  write(".npmrc", "//registry.example.com/:_authToken=${BUILDER_TEST_TOKEN}\n");
  symlinkSync(repository, join(root, "node_modules", "truss-ts"), "dir");
  return root;
}

describeImages("a builder", () => {
  const engines = createEngines();
  // podman insists that a folder of this name is there.
  const env: Record<string, string | undefined> = {
    ...engines.env,
    BUILDER_TEST_TOKEN: token,
    DOCKER_CONFIG: undefined,
  };
  let root = "";
  let registry: Registry;
  const bases = () => ["--base", `oci:${testBase()}:24`, "--builder-base", `oci:${builderBase()}:24`];

  beforeAll(async () => {
    root = makeProject();
    env["NODE_EXTRA_CA_CERTS"] = writeAuthorities(root);
    registry = await startRegistry();
    builderBase();
    testBase();
  });
  afterAll(async () => {
    engines.remove();
    await registry.close();
    rmSync(root, { recursive: true, force: true });
  });

  it("is needed for a package with an install script", async () => {
    const { code, stdout } = await tryPush(root, ["--base", `oci:${testBase()}:24`, "--out", join(root, "none")], {
      env,
    });
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({
      error: {
        code: "PACKAGE_UNSUITABLE",
        message: expect.stringContaining("built@1.0.0"),
        hint: expect.stringContaining("--builder"),
      },
    });
  });

  it.each(["buildah", "podman"])(
    "%s runs the script in a container, and keeps the secrets out of it",
    async (builder) => {
      const out = join(root, `out-${builder}`);
      const pushed = await push(root, [...bases(), "--builder", builder, "--out", out], { env });
      const index = JSON.parse(readFileSync(join(out, "index.json"), "utf8")) as { manifests: { digest: string }[] };
      expect(index.manifests.map(({ digest }) => digest)).toEqual([pushed.digest]);
      const folder = join(out, "blobs", "sha256");
      const blobs = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
      const plain = blobs.map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes));
      const holds = (text: string) => plain.some((bytes) => bytes.includes(text));
      expect(["built.node.json", token, "_authToken", authority].map(holds)).toEqual([true, false, false, false]);
      expect(await served(tagOf(pushed))).toEqual({ where: "/app/model/node_modules/built", home: "/root" });
    },
  );

  it("brings the image to a registry; the same project is the same image", async () => {
    const flags = [...bases(), "--builder", "podman", "--image", `${registry.host}/team/built:1`];
    const first = await push(root, flags, { env });
    expect(first.image).toBe(`${registry.host}/team/built@${first.digest}`);
    const found = tool("skopeo", ["inspect", "--tls-verify=false", `docker://${registry.host}/team/built:1`]);
    expect((JSON.parse(found) as { Digest: string }).Digest).toBe(first.digest);
    expect((await push(root, flags, { env })).digest).toBe(first.digest);
  });

  it("says what went wrong in the builder's words", async () => {
    const wrong = ["--base", `oci:${testBase()}:24`, "--builder-base", `oci:${testBase()}:24`, "--builder", "buildah"];
    const { code, stdout } = await tryPush(root, wrong, { env });
    expect(code).toBe(1);
    // That base has no shell to run npm with.
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: "BUILDER_FAILED", message: expect.stringContaining("/bin/sh") },
    });
  });

  it("builds from an edited Dockerfile", async () => {
    const context = join(root, "context");
    await push(root, [...bases(), "--dockerfile", context], { env });
    const file = join(context, "Dockerfile");
    writeFileSync(file, `${readFileSync(file, "utf8")}LABEL edited="yes"\n`);
    const pushed = await push(root, [...bases(), "--dockerfile", context, "--builder", "buildah"], { env });
    const labels = engines.run(
      "buildah",
      "inspect",
      "--type",
      "image",
      "--format",
      "{{.OCIv1.Config.Labels}}",
      tagOf(pushed),
    );
    expect(labels).toContain("edited:yes");
  });

  /** What the image answers when it is run as it is. */
  async function served(tag: string): Promise<unknown> {
    const name = `built-${Math.random().toString(36).slice(2)}`;
    engines.run(
      "podman",
      "run",
      "--detach",
      "--name",
      name,
      "--network",
      "host",
      "--env",
      "TRUSS_TS_PORT=0",
      "--read-only",
      tag,
    );
    try {
      const url = await listening(name);
      const answer = await fetch(`${url}/predict`, {
        method: "POST",
        body: "{}",
        headers: { "content-type": "application/json" },
      });
      return await answer.json();
    } finally {
      engines.run("podman", "rm", "--force", "--time", "5", name);
    }
  }

  async function listening(name: string): Promise<string> {
    let url = "";
    const look = () => (url = /"url":"([^"]+)"/.exec(engines.run("podman", "logs", name))?.[1] ?? "");
    await expect.poll(look, { timeout: 60_000 }).not.toBe("");
    return url;
  }
});

function tagOf(pushed: object): string {
  return String(Reflect.get(pushed, "tag"));
}
