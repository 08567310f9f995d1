import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TrussEvent } from "../../../src/events.ts";
import { lendSecrets } from "../../../src/push/builder-secrets.ts";
import { lendBase, nameBase } from "../../../src/push/builder-base.ts";
import { findBuilder } from "../../../src/push/builder-tools.ts";
import { publishDockerfile, publishWithBuilder } from "../../../src/push/builder.ts";
import type { PublishRequest } from "../../../src/push/types.ts";
import { makeStage, writeTree } from "./packages/made-stage.ts";

const never = new AbortController().signal;
const base = "registry.example.com/node:24";
let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "truss-ts-builder-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

/** Programs of these names that do what the script says, and no others: real engines of this machine are not found. */
function install(scripts: Readonly<Record<string, string>>): void {
  for (const [name, script] of Object.entries(scripts)) {
    writeTree(root, { [`bin/${name}`]: `#!/bin/sh\necho "${name} $*" >> "${root}/calls"\n${script}\n` });
    chmodSync(join(root, "bin", name), 0o755);
  }
  vi.stubEnv("PATH", join(root, "bin"));
}

const calls = () => readFileSync(join(root, "calls"), "utf8").trim().split("\n");

function request(flags: Readonly<Record<string, unknown>>, signal = never): PublishRequest & { events: TrussEvent[] } {
  const events: TrussEvent[] = [];
  const stage = makeStage(root, { "config.yaml": "", "model/server.mjs": "" });
  const report = (event: TrussEvent) => void events.push(event);
  return { project: stage.project, stage, flags: { base, ...flags }, dryRun: false, report, signal, events };
}

const digest = `sha256:${"d".repeat(64)}`;
const docker = `case "$1" in
  version) echo "28.0.0 28.0.0";;
  buildx) [ "$2" = version ] && exit 0; while [ $# -gt 0 ]; do [ "$1" = --iidfile ] && echo sha256:id > "$2"; shift; done; echo "#1 building";;
  push) echo "1: digest: ${digest} size: 1234";;
esac`;

test("docker is first, podman second, buildah third", async () => {
  install({ buildah: "exit 0" });
  expect(await findBuilder("auto", true, never)).toEqual({ name: "buildah" });
  install({ podman: "exit 0" });
  expect(await findBuilder("auto", true, never)).toEqual({ name: "podman" });
  install({ docker });
  expect(await findBuilder("auto", true, never)).toEqual({ name: "docker", how: "buildx" });
});

test("a docker whose daemon does not answer, or that cannot lend secrets, is none", async () => {
  install({ docker: "exit 1", podman: "exit 0" });
  expect(await findBuilder("auto", true, never)).toEqual({ name: "podman" });
  await expect(findBuilder("docker", true, never)).rejects.toMatchObject({
    code: "BUILDER_NOT_FOUND",
    message: expect.stringContaining("its daemon does not answer"),
  });
  install({ docker: '[ "$1" = buildx ] && exit 1; echo "28.0.0 28.0.0"' });
  await expect(findBuilder("docker", true, never)).rejects.toThrow("buildx");
  expect(await findBuilder("docker", false, never)).toEqual({ name: "docker", how: "classic" });
  install({ docker: '[ "$1" = buildx ] && exit 1; echo "20.10.24 20.10.24"' });
  expect(await findBuilder("docker", true, never)).toEqual({ name: "docker", how: "buildkit" });
});

test("no engine at all is told of, with what was looked for", async () => {
  install({});
  await expect(publishWithBuilder(request({ builder: "auto" }))).rejects.toMatchObject({
    code: "BUILDER_NOT_FOUND",
    message: expect.stringMatching(/docker: not found; podman: not found; buildah: not found/),
  });
});

test("docker builds, pushes and says the digest; its lines are told", async () => {
  install({ docker });
  const asked = request({ builder: "docker", image: "registry.example.com/team/model:1" });
  const { json, reference } = await publishWithBuilder(asked);
  expect(reference).toBe(`registry.example.com/team/model@${digest}`);
  expect(json).toMatchObject({
    builder: "docker",
    digest,
    image_id: "sha256:id",
    tag: "registry.example.com/team/model:1",
  });
  expect(calls().at(-1)).toBe("docker push registry.example.com/team/model:1");
  expect(asked.events).toContainEqual({ event: "output", stream: "stderr", text: "#1 building\n" });
  const context = /--iidfile \S+ .* (\S+)$/.exec(calls().at(-2) ?? "")?.[1];
  expect(context).toBeDefined();
  expect(existsSync(context ?? "")).toBe(false);
});

test("a failed build ends with the engine's last lines", async () => {
  install({ podman: '[ "$1" = build ] || exit 0; echo "STEP 3: RUN npm ci"; echo "npm error E404" >&2; exit 125' });
  await expect(publishWithBuilder(request({ builder: "podman" }))).rejects.toMatchObject({
    code: "BUILDER_FAILED",
    message: expect.stringMatching(/exit code 125[^]*npm error E404/),
  });
});

test("an interruption ends the engine", async () => {
  install({ podman: '[ "$1" = build ] || exit 0; echo started; exec /bin/sleep 60' });
  const stop = new AbortController();
  const asked = request({ builder: "podman" }, stop.signal);
  const report = (event: TrussEvent) => event.event === "output" && stop.abort(new Error("interrupted"));
  await expect(publishWithBuilder({ ...asked, report })).rejects.toThrow("interrupted");
});

test("what is written for --dockerfile is kept where somebody has edited it", async () => {
  const folder = join(root, "context");
  const publish = () => publishDockerfile(request({ dockerfile: folder }));
  expect((await publish()).json).toMatchObject({ path: folder });
  expect(existsSync(join(folder, "model/server.mjs"))).toBe(true);
  const file = join(folder, "Dockerfile");
  const edited = `${readFileSync(file, "utf8")}RUN true\n`;
  writeFileSync(file, edited);
  writeTree(folder, { "model/left.txt": "from an earlier push" });
  await publish();
  expect(readFileSync(file, "utf8")).toBe(edited);
  expect(existsSync(join(folder, "model/left.txt"))).toBe(false);
});

test("a folder with something else in it is left alone", async () => {
  writeTree(root, { "context/Dockerfile": "FROM scratch\n" });
  const folder = join(root, "context");
  await expect(publishDockerfile(request({ dockerfile: folder }))).rejects.toMatchObject({
    code: "DIRECTORY_NOT_EMPTY",
  });
  expect(readFileSync(join(folder, "Dockerfile"), "utf8")).toBe("FROM scratch\n");
});

test("flags that exclude each other", async () => {
  const both = publishWithBuilder(request({ builder: "auto", packages: "trace" }));
  await expect(both).rejects.toMatchObject({ code: "USAGE", exitCode: 2 });
  const two = publishWithBuilder(request({ builder: "auto", platform: "linux/amd64,linux/arm64" }));
  await expect(two).rejects.toMatchObject({ code: "USAGE" });
});

test("a base that is a folder or a file", async () => {
  const podman = { name: "podman" } as const;
  expect(await lendBase(base, podman)).toBeUndefined();
  expect(await lendBase("oci:/images/base:24", podman)).toBe("oci:/images/base:24");
  // podman would take such a path for a name that it refuses.
  const linked = (await lendBase(`oci:${root}/.cache/Base:24`, podman)) ?? "";
  expect(linked).toMatch(/^oci:(?:\/[a-z0-9-]+)+:24$/);
  expect(readlinkSync(linked.slice(4, -3))).toBe(join(root, ".cache/Base"));
  expect(nameBase(`oci:${root}/.cache/Base:24`)).toBe(`oci:${root}/.cache/Base:24`);
  const refused = lendBase("oci:/images/base:24", { name: "docker", how: "buildx" });
  await expect(refused).rejects.toMatchObject({ code: "BASE_INVALID" });
});

test("npm's settings go along without what only means something here, in files of one's own", async () => {
  writeTree(root, {
    "home/.npmrc": "registry=https://user.example.com\ncafile=ca.pem\nprefix=/usr/local\n",
    "project/.npmrc": "@team:registry=https://npm.example.com\n//npm.example.com/:_authToken=${TEAM_TOKEN}\n",
    "project/.git/HEAD": "",
    "ca.pem": "-----BEGIN CERTIFICATE-----\n",
  });
  const env = {
    npm_config_userconfig: join(root, "home/.npmrc"),
    TEAM_TOKEN: "t0ken",
    npm_config_registry: "https://env.example.com",
    NODE_EXTRA_CA_CERTS: join(root, "ca.pem"),
  };
  const { files, close } = await lendSecrets(join(root, "project"), env);
  const npmrc = files["npmrc"] ?? "";
  expect(readFileSync(npmrc, "utf8").trim().split("\n")).toEqual([
    "registry=https://user.example.com",
    "@team:registry=https://npm.example.com",
    "//npm.example.com/:_authToken=t0ken",
    "registry=https://env.example.com",
  ]);
  expect(readFileSync(files["ca"] ?? "", "utf8")).toContain("BEGIN CERTIFICATE");
  expect(statSync(npmrc).mode & 0o777).toBe(0o600);
  await close();
  expect(existsSync(npmrc)).toBe(false);
});
