import { describe, expect, it } from "vitest";
import { createStagedConfig, type StagedConfigOptions } from "../../../src/push/staged-config.ts";
import { parseConfig } from "../../../src/project/yaml.ts";
import { accepted, laxer } from "../../truss/config-cases.ts";
import { faultsOf } from "../project/faults-of.ts";

const predict = { method: "predict", path: "/predict" };
const chat = { method: "chat_completions", path: "/v1/chat/completions" };
const websocket = { method: "websocket", path: "/v1/websocket" };

async function stage(text: string, options: Partial<StagedConfigOptions> = {}) {
  const staged = await createStagedConfig({ text, endpoints: [predict], ...options });
  expect(await faultsOf(staged.text)).toEqual([]);
  const again = await createStagedConfig({ endpoints: [predict], ...options, text: staged.text });
  expect(again.text).toBe(staged.text);
  return staged;
}

const completed = `docker_server:
  start_command: node /app/model/server.mjs
  server_port: 8000
  predict_endpoint: /predict
  readiness_endpoint: /health/ready
  liveness_endpoint: /health/live
base_image:
  image: node:24-bookworm
`;

describe("the staged config.yaml", () => {
  it.each(["", "---\n", "~\n", "\uFEFF"])("of an empty file: %j", async (text) => {
    const staged = await stage(text);
    expect(staged.text.replace(/^---\n/, "")).toBe(completed);
    expect(staged).toMatchObject({ port: 8000, warnings: [], faults: [], files: [] });
  });

  it("keeps a file of comments alone", async () => {
    expect((await stage("# nothing\n\n# yet\n")).text).toBe(`# nothing\n\n# yet\n\n${completed}`);
  });

  it("keeps comments, order, quotes and blank lines", async () => {
    const text = `# yaml-language-server: $schema=x
model_name: "m" # its name

# what it may use
resources: { cpu: '2', memory: 4Gi }
description: >-
  several
  lines

environment_variables:
  # one
  A: "yes" # quoted
  B: no
`;
    const staged = await stage(text);
    expect(staged.text).toBe(text.replace("several\n  lines", "several lines") + completed);
  });

  it("reads Windows's line ends", async () => {
    expect((await stage("# a\r\nmodel_name: m # b\r\n")).text).toBe(`# a\nmodel_name: m # b\n${completed}`);
  });

  it("says what its text says", async () => {
    const { parsed } = await stage("model_name: m\nmodel_metadata: {tags: [a]}\n");
    expect(parsed).toMatchObject({
      model_name: "m",
      model_metadata: { tags: ["a"] },
      docker_server: { server_port: 8000 },
    });
  });

  it("completes what of docker_server and base_image is given", async () => {
    const staged = await stage(
      "base_image:\n  docker_auth: {auth_method: REGISTRY_SECRET, secret_name: s}\ndocker_server:\n  server_port: 9000 # mine\n  run_as_user_id: 1000\n  predict_endpoint:\n",
    );
    expect(staged.port).toBe(9000);
    expect(staged.text).toContain("server_port: 9000 # mine");
    expect(staged.parsed).toMatchObject({
      base_image: { image: "node:24-bookworm", docker_auth: { secret_name: "s" } },
      docker_server: {
        start_command: "node /app/model/server.mjs",
        server_port: 9000,
        run_as_user_id: 1000,
        predict_endpoint: "/predict",
      },
    });
  });

  it("respects another start command, and warns", async () => {
    const staged = await stage("docker_server: {start_command: sh run.sh}\n", { installCommand: "npm ci --omit=dev" });
    expect(staged.parsed["docker_server"]).toMatchObject({ start_command: "sh run.sh", server_port: 8000 });
    expect(staged.parsed["build_commands"]).toBeUndefined();
    expect(staged.warnings).toEqual([expect.stringContaining("docker_server.start_command is yours")]);
  });

  it.each([
    [[predict], "/predict"],
    [[chat, predict], "/predict"],
    [[chat], "/v1/chat/completions"],
    [[predict, websocket], "/predict"],
    [[websocket], "/v1/websocket"],
  ])("sends predictions of %j to %s", async (endpoints, path) => {
    const { parsed } = await stage("", { endpoints });
    expect(parsed["docker_server"]).toMatchObject({ predict_endpoint: path });
    const isSocket = path === "/v1/websocket";
    expect(parsed["runtime"]).toEqual(isSocket ? { transport: { kind: "websocket" } } : undefined);
  });

  it("keeps a transport that is given", async () => {
    const options = { endpoints: [websocket] };
    const pings = await stage("runtime: {transport: {ping_interval_seconds: 5}}\n", options);
    expect(pings.parsed["runtime"]).toEqual({ transport: { ping_interval_seconds: 5, kind: "websocket" } });
    const mixed = await stage("runtime: {transport: {ping_interval_seconds: 5}}\n");
    expect(mixed.parsed["runtime"]).toEqual({ transport: { ping_interval_seconds: 5, kind: "http" } });
    const http = await stage("runtime: {transport: {kind: http}}\n", options);
    expect(http.parsed["runtime"]).toEqual({ transport: { kind: "http" } });
    expect(http.warnings).toEqual([expect.stringContaining("only has a websocket method")]);
  });

  it("never holds a secret's value", async () => {
    const staged = await stage("secrets:\n  A: hush # why\n  B: null\n  __proto__: hush\n");
    expect(staged.text).not.toContain("hush");
    expect(staged.text).toContain("A: null # why\n  B: null\n  __proto__: null\n");
    expect(staged.warnings).toHaveLength(2);
    expect(JSON.stringify(staged)).not.toContain("hush");
  });

  it("never holds it where an alias brings it", async () => {
    const staged = await stage(
      "secrets: &s\n  A: &v hush\nmodel_metadata:\n  a: 1\nbuild:\n  secret_to_path_mapping:\n    <<: {A: /a}\n",
    );
    expect(staged.text).not.toContain("hush");
    expect(staged.text).not.toMatch(/[&*]/);
  });

  it("writes aliases and merges out", async () => {
    const staged = await stage(
      "model_metadata:\n  base: &b { x: 1, y: &l [1] }\n  more:\n    <<: *b\n    x: 2\n  most:\n    <<: [{ z: 3 }, *b]\n  list: *l\nruntime: &r\n  max_queue: 3\n",
    );
    expect(staged.parsed["model_metadata"]).toEqual({
      base: { x: 1, y: [1] },
      more: { y: [1], x: 2 },
      most: { z: 3, x: 1, y: [1] },
      list: [1],
      truss_ts: { runtime: { max_queue: 3 } },
    });
    expect(staged.text).not.toMatch(/[&*]|<</);
  });

  it("moves our keys of runtime to where Truss lets them pass, with their comments", async () => {
    const staged = await stage(
      "runtime:\n  predict_concurrency: 2\n  # as many as may wait\n  max_queue: 3 # or so\n  drain_timeout: 30\nmodel_metadata:\n  own: 1\n",
    );
    expect(staged.text).toBe(
      `runtime:\n  predict_concurrency: 2\nmodel_metadata:\n  own: 1\n  truss_ts:\n    runtime:\n      # as many as may wait\n      max_queue: 3 # or so\n      drain_timeout: 30\n${completed}`,
    );
  });

  it("rounds to the whole seconds that Truss knows", async () => {
    const staged = await stage("runtime: {streaming_read_timeout: 0.2 }\n");
    expect(staged.parsed["runtime"]).toEqual({ streaming_read_timeout: 1 });
  });

  it("leaves no empty runtime behind", async () => {
    const { parsed } = await stage("runtime: {workers: auto}\n");
    expect(parsed["runtime"]).toBeUndefined();
    expect(parsed["model_metadata"]).toEqual({ truss_ts: { runtime: { workers: "auto" } } });
  });

  it("leaves out keys without a value, which Truss refuses", async () => {
    const staged = await stage(
      "resources:\nruntime:\n  transport:\n  num_workers: 1\nsecrets:\n  A:\nenvironment_variables:\nweights:\n- source: hf://a/b\n  mount_location: /a\n  allow_patterns:\nmodel_metadata: {own: null}\n",
    );
    const { docker_server: _server, base_image: _image, ...others } = staged.parsed;
    expect(others).toEqual({
      secrets: { A: null },
      weights: [{ source: "hf://a/b", mount_location: "/a" }],
      model_metadata: { own: null },
    });
  });

  it("quotes what is a string to us and a date to Python", async () => {
    const staged = await stage("description: 2024-01-31\nmodel_metadata: {a: 2024-1-1 10:00:00, b: =}\n");
    expect(staged.text).toContain('description: "2024-01-31"\nmodel_metadata: { a: "2024-1-1 10:00:00", b: "=" }\n');
  });

  it("gives the folders their names in a stage", async () => {
    const { parsed } = await stage("model_module_dir: src # code\ndata_dir: assets\n");
    expect(parsed).toMatchObject({ model_module_dir: "model", data_dir: "data" });
  });

  it("installs outside packages after the commands of the user", async () => {
    const installCommand = "npm ci --omit=dev";
    const mine = await stage("build_commands:\n- apt-get install -y libvips # for sharp\n", { installCommand });
    expect(mine.text).toContain(
      "build_commands:\n  - apt-get install -y libvips # for sharp\n  - cd /app/model && npm ci --omit=dev\n",
    );
    const { parsed } = await stage("", { installCommand });
    expect(parsed["build_commands"]).toEqual(["cd /app/model && npm ci --omit=dev"]);
    const own = await stage("build_commands: [cd /app/model && FOO=1 npm ci --omit=dev]\n", { installCommand });
    expect(own.parsed["build_commands"]).toHaveLength(1);
    expect((await stage("")).parsed["build_commands"]).toBeUndefined();
  });

  it("adds nothing to an image that is run as it is", async () => {
    const staged = await stage("base_image: {image: registry.example.com/m:1}\ndocker_server: {no_build: true}\n", {
      installCommand: "npm ci --omit=dev",
    });
    expect(staged.parsed["build_commands"]).toBeUndefined();
    expect(staged.parsed["docker_server"]).toEqual({
      no_build: true,
      server_port: 8000,
      predict_endpoint: "/predict",
      readiness_endpoint: "/health/ready",
      liveness_endpoint: "/health/live",
    });
    const nothing = await stage("docker_server: {no_build: true}\n");
    expect(nothing.faults).toMatchObject([{ message: expect.stringContaining("needs base_image.image") }]);
  });

  it("names the files that Baseten's build reads", async () => {
    expect((await stage("requirements_file: requirements.txt\n")).files).toEqual(["requirements.txt"]);
    expect((await stage("requirements_file: py/uv.lock\n")).files).toEqual(["py/uv.lock", "py/pyproject.toml"]);
  });

  it("leaves out Python's package folders, and says so", async () => {
    const staged = await stage("external_package_dirs: [../shared]\n");
    expect(staged.parsed["external_package_dirs"]).toBeUndefined();
    expect(staged.warnings).toHaveLength(1);
    expect((await stage("external_package_dirs: []\n")).warnings).toEqual([]);
  });
});

/** What staging changes; all else is to stay. */
const changed = new Set(
  "docker_server base_image build_commands runtime secrets model_module_dir data_dir external_package_dirs".split(" "),
);

describe("a staged config.yaml says what the user's says", () => {
  it.each([...accepted, ...laxer.map(([text]) => text)])("%s", async (text) => {
    const { parsed } = await stage(`${text}\n`);
    const { values } = await parseConfig(`${text}\n`);
    for (const [key, value] of Object.entries(values)) {
      if (!changed.has(key) && value !== null)
        expect(withoutEmpty(parsed[key])).toMatchObject({ value: withoutEmpty(value).value });
    }
  });
});

/** Keys without a value are left out. */
function withoutEmpty(value: unknown) {
  return { value: JSON.parse(JSON.stringify(value), (_key, item: unknown) => item ?? undefined) as unknown };
}

describe("what makes Baseten start another server", () => {
  it.each(["trt_llm: {x: 1}\n", 'bis_llm: {version: "1"}\n', "build: {model_server: TRT_LLM}\n"])(
    "%j",
    async (text) => {
      expect((await stage(text)).faults).toMatchObject([
        { line: 1, message: expect.stringContaining("another server") },
      ]);
    },
  );
});

describe("base images that Baseten's build stops at", () => {
  it.each([
    ["node:22-slim", "python3"],
    ["docker.io/library/node:24-bookworm-slim", "python3"],
    ["node:24-slim@sha256:00", "python3"],
    ["node:24-alpine3.20", "Alpine"],
    ["alpine", "Alpine"],
    ["gcr.io/distroless/nodejs24-debian12:nonroot", "distroless"],
  ])("%s", async (image, word) => {
    const { faults } = await stage(`model_name: m\nbase_image:\n  image: ${image}\n`);
    expect(faults).toMatchObject([
      { code: "CONFIG_INVALID", line: 3, column: 10, message: expect.stringContaining(word) },
    ]);
    const asIs = await stage(`base_image: {image: "${image}"}\ndocker_server: {no_build: true}\n`);
    expect(asIs.faults).toEqual([]);
  });

  it.each(["node:24-bookworm", "node:22", "python:3.12-slim", "me/node:24-slim", "localhost:5000/node"])(
    "but not at %s",
    async (image) => {
      expect((await stage(`base_image: {image: "${image}"}\n`)).faults).toEqual([]);
    },
  );

  it("nor at a slim one whose Python is named", async () => {
    const text = "base_image: {image: node:22-slim, python_executable_path: /opt/python3}\n";
    expect((await stage(text)).faults).toEqual([]);
  });
});
