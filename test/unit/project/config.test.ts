import { describe, expect, it } from "vitest";
import { loadProject } from "../../../src/project/load.ts";
import { createTempProject } from "../bundle/temp-project.ts";

const model = { "model/model.ts": "export class Model { predict() {} }" };

async function faultsOf(config: string) {
  const result = await loadProject(createTempProject({ "config.yaml": config, ...model }));
  return result.ok ? [] : result.faults;
}

async function configOf(config: string) {
  const result = await loadProject(createTempProject({ "config.yaml": config, ...model }));
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.project.config;
}

describe("config.yaml", () => {
  it.each(["", "# nothing yet\n", "---\n", "~\n", "\uFEFF"])("may be empty: %j", async (text) => {
    expect(await configOf(text)).toEqual({
      modelName: null,
      modelModuleDir: "model",
      modelClassName: "Model",
      dataDir: "data",
      secrets: {},
      environmentVariables: {},
      raw: {},
    });
  });

  it("takes every key of Truss, and those of ours", async () => {
    expect(await faultsOf(everyKey)).toEqual([]);
  });

  it("takes a key without a value as if it were not there", async () => {
    expect(
      await configOf("model_name:\nresources:\nsecrets:\nenvironment_variables:\nmodel_module_dir:\n"),
    ).toMatchObject({
      modelName: null,
      modelModuleDir: "model",
      secrets: {},
      environmentVariables: {},
    });
  });

  it("shows the parsed file without the values of secrets", async () => {
    const config = await configOf(
      "model_name: m\nsecrets: {KEY: hush, OTHER: null}\nmodel_metadata: {mine: {x: [1]}}\n",
    );
    expect(config.raw).toEqual({
      model_name: "m",
      secrets: { KEY: null, OTHER: null },
      model_metadata: { mine: { x: [1] } },
    });
    expect(config.secrets).toEqual({ KEY: "hush", OTHER: null });
  });

  it("keeps a secret whose name every object inherits", async () => {
    const { secrets } = await configOf("secrets:\n  constructor: null\n  __proto__: null\n");
    expect(Object.keys(secrets)).toEqual(["constructor", "__proto__"]);
  });

  it("makes strings of environment variables", async () => {
    const config = await configOf("environment_variables: {A: 1, B: true, C: x, D: 1.5, E: off}\n");
    expect(config.environmentVariables).toEqual({ A: "1", B: "true", C: "x", D: "1.5", E: "false" });
  });

  it("reads YAML as Truss does", async () => {
    const { raw } = await configOf(
      "model_metadata:\n  on: yes\n  dot: .\n  model: e5\n  half: .5\n  rate: 1e-3\n  none: .nan\n  x: 1\n  y: n\n  day: 2024-01-31\n  base: &base {a: 1, b: 2}\n  more:\n    <<: *base\n    b: 3\n",
    );
    expect(raw["model_metadata"]).toEqual({
      true: true,
      dot: ".",
      model: "e5",
      half: 0.5,
      rate: 0.001,
      none: Number.NaN,
      x: 1,
      y: "n",
      day: "2024-01-31",
      base: { a: 1, b: 2 },
      more: { a: 1, b: 3 },
    });
  });
});

describe("faults of config.yaml", () => {
  it.each([
    ["modle_name: x\n", 1, 1, 'Unknown key "modle_name": did you mean "model_name"?'],
    ["a: 1\n", 1, 1, 'Unknown key "a".'],
    ["resources:\n  acelerator: T4\n", 2, 3, 'Unknown key "resources.acelerator": did you mean "accelerator"?'],
    [
      "runtime: {predict_concurency: 2}\n",
      1,
      11,
      'Unknown key "runtime.predict_concurency": did you mean "predict_concurrency"?',
    ],
    [
      "weights:\n- source: hf://a\n  mount_locatoin: /a\n",
      3,
      3,
      'Unknown key "weights[0].mount_locatoin": did you mean "mount_location"?',
    ],
    [
      "model_metadata: {own: 1, truss_ts: {model: [a]}}\n",
      1,
      37,
      'Unknown key "model_metadata.truss_ts.model": did you mean "models"?',
    ],
    [
      "model_metadata: {truss_ts: {runtime: {max_qeue: 1}}}\n",
      1,
      39,
      'Unknown key "model_metadata.truss_ts.runtime.max_qeue": did you mean "max_queue"?',
    ],
    [
      "runtime: {max_queue: 1}\nmodel_metadata: {truss_ts: {runtime: {max_queue: 1}}}\n",
      2,
      39,
      "runtime.max_queue and model_metadata.truss_ts.runtime.max_queue are the same setting.",
    ],
    ["model_metadata: [1]\n", 1, 17, "model_metadata must be a mapping, not a list."],
    ["model_name: 3\n", 1, 13, "model_name must be a string, not a number."],
    ["resources:\n  cpu: 2\n", 2, 8, 'resources.cpu must be a string such as "2", "0.5" or "500m", not a number.'],
    ["resources: {cpu: two}\n", 1, 18, 'resources.cpu must be a string such as "2", "0.5" or "500m".'],
    ["resources: {memory: 2Gb}\n", 1, 21, 'resources.memory must be a string such as "2Gi" or "512Mi".'],
    ["resources: [1]\n", 1, 12, "resources must be a mapping, not a list."],
    ["requirements: torch\n", 1, 15, "requirements must be a list of strings, not a string."],
    ["requirements: [torch, 1]\n", 1, 23, "requirements[1] must be a string, not a number."],
    ["python_version: py27\n", 1, 17, "python_version must be one of py39, py310, py311, py312, py313, py314."],
    ['live_reload: "yes"\n', 1, 14, "live_reload must be true or false, not a string."],
    ["runtime: {predict_concurrency: 0}\n", 1, 32, "runtime.predict_concurrency must be at least 1."],
    [
      "runtime: {predict_concurrency: 1.5}\n",
      1,
      32,
      "runtime.predict_concurrency must be a whole number of at least 1, not a number.",
    ],
    ["runtime: {drain_timeout: -1}\n", 1, 26, "runtime.drain_timeout must not be negative."],
    ["docker_server: {server_port: 70000}\n", 1, 30, "docker_server.server_port must be at most 65535."],
    ["secrets: [KEY]\n", 1, 10, "secrets must be a mapping from a secret's name to null, not a list."],
    ["secrets: {KEY: 3}\n", 1, 16, "secrets.KEY must be empty (null) or a string, not a number."],
    ["secrets: {../KEY: null}\n", 1, 11, 'secrets: "../KEY" is not a secret\'s name'],
    ["secrets: {..: null}\n", 1, 11, 'secrets: ".." is not a secret\'s name'],
    [
      "environment_variables: {A: [1]}\n",
      1,
      28,
      "environment_variables.A must be a string, a number or a boolean, not a list.",
    ],
    [
      "environment_variables: {A: }\n",
      1,
      25,
      "environment_variables.A must be a string, a number or a boolean, not empty.",
    ],
    ["model_module_dir: ../model\n", 1, 19, "model_module_dir must be a folder inside the project."],
    ["data_dir: /data\n", 1, 11, "data_dir must be a folder inside the project."],
    ["build: {no_cache: true}\n", 1, 9, "build.no_cache cannot be set in the file."],
    ["requirements: [a]\nrequirements_file: b\n", 1, 1, "requirements and requirements_file exclude each other."],
  ])("%j", async (config, line, column, message) => {
    const [fault, ...others] = await faultsOf(config);
    expect(others).toEqual([]);
    expect(fault).toMatchObject({ code: "CONFIG_INVALID", file: "config.yaml", line, column });
    expect(fault?.message).toContain(message);
  });

  it.each([
    ["a: 1\n\tb: 2\n", 2, 1, "tab"],
    ["model_name: a\nmodel_name: b\n", 2, 1, "twice"],
    ["resources:\n  cpu: '1'\n  cpu: '2'\n", 3, 3, "twice"],
    ["description: a: b\n", 1, 14, "second `key:`"],
    ["description: 'open\n", 2, 1, "not valid YAML"],
    ["requirements: [a,\n", 2, 1, "not valid YAML"],
    ["description: *nope\n", 1, 14, "no anchor &nope"],
    ["model_metadata: &a\n  b: *a\n", 2, 6, "contains itself"],
    ["model_name: a\n---\nmodel_name: b\n", 2, 1, "more than one YAML document"],
    ["- a\n", 1, 1, "must be a mapping"],
    ["just words\n", 1, 1, "must be a mapping"],
    ["3\n", 1, 1, "must be a mapping"],
  ])("broken YAML: %j", async (config, line, column, message) => {
    const [fault] = await faultsOf(config);
    expect(fault).toMatchObject({ code: "CONFIG_INVALID", file: "config.yaml", line, column });
    expect(fault?.message).toContain(message);
  });

  it("come all at once, in the order of the file", async () => {
    const faults = await faultsOf("modle_name: a\nresources:\n  cpu: 1\n  memroy: 2Gi\nlive_reload: 1\n");
    expect(faults.map((fault) => fault.line)).toEqual([1, 3, 4, 5]);
  });

  it("stand at the anchor's value when an alias brings it", async () => {
    const faults = await faultsOf("resources: &r\n  cpu: 1\nbuild:\n  <<: *r\n");
    expect(faults).toMatchObject([
      { message: 'Unknown key "build.cpu".', line: 2, column: 3 },
      { line: 2, column: 8 },
    ]);
  });

  it("never show a value, which may be a secret", async () => {
    const text = JSON.stringify(
      await faultsOf("secrets: {A: [hush], B: {c: hush}}\nmodel_name: [hush]\nresources: hush\n"),
    );
    expect(text).not.toContain("hush");
  });

  it("say what to do", async () => {
    const [fault] = await faultsOf("resources: {cpu: 2}\n");
    expect(fault?.hint).toBe("Put it in quotes.");
    const [own] = await faultsOf("my_setting: 1\n");
    expect(own?.hint).toContain("model_metadata");
  });

  it("survive aliases that multiply", async () => {
    const rows = Array.from(
      { length: 12 },
      (_, row) => `  l${row + 1}: &l${row + 1} [${Array(9).fill(`*l${row}`).join(", ")}]`,
    );
    const faults = await faultsOf(`model_metadata:\n  l0: &l0 [x]\n${rows.join("\n")}\n`);
    expect(faults).toMatchObject([{ code: "CONFIG_INVALID", file: "config.yaml" }]);
  });
});

const everyKey = `
model_name: m
model_metadata: {tags: [openai-compatible], example_model_input: {prompt: hi}, truss_ts: {models: [org/one, two], stored_responses: 100, runtime: {max_loop_block: 1, streaming_keep_alive: 5}, packages: {outside: [a], bundled: [b]}}}
description: d
examples_filename: examples.yaml
data_dir: data
external_data: [{url: "https://a", local_data_path: a, backend: http_public, name: n}]
external_package_dirs: [a]
python_version: py311
base_image:
  image: node:24-bookworm
  python_executable_path: /usr/bin/python3
  docker_auth: {auth_method: REGISTRY_SECRET, registry: r, secret_name: s}
requirements: [torch]
system_packages: [ffmpeg]
environment_variables: {A: b}
secrets: {hf_access_token: null, "with.dot-and_line": null}
resources: {cpu: 500m, memory: 1.5Gi, accelerator: "H100:2", instance_type: 1x2, node_count: 1, use_gpu: true}
runtime:
  predict_concurrency: 4
  streaming_read_timeout: 60
  request_timeout: 1.5
  drain_timeout: 30
  max_queue: 0
  queue_timeout: 5
  max_body_size: 1048576
  workers: auto
  enable_tracing_data: false
  enable_debug_logs: true
  num_workers: 1
  transport: {kind: websocket, ping_interval_seconds: 20, ping_timeout_seconds: 20}
  is_websocket_endpoint: true
  health_checks: {restart_check_delay_seconds: 1, restart_threshold_seconds: 600, stop_traffic_threshold_seconds: 50, startup_threshold_seconds: 900}
  oidc: {enabled: true}
  remote_ssh: {enabled: false}
  egress_restrictions: {ip_allow_list: [10.0.0.0/8], fqdn_allow_list: [example.com]}
  truss_server_version_override: "1"
build: {model_server: TrussServer, arguments: {}, secret_to_path_mapping: {a: /b}}
build_commands: [echo hi]
docker_server: {start_command: node x, server_port: 8000, predict_endpoint: /p, readiness_endpoint: /r, liveness_endpoint: /l, run_as_user_id: 1000, no_build: false}
model_cache: [{repo_id: a/b, revision: main, use_volume: true, volume_folder: f, kind: hf, runtime_secret_name: x, allow_patterns: [a], ignore_patterns: [b]}]
weights: []
bdn: {mounts: [{source: "bdn:weights/llama-8b:prod", path: /models, include: ["*.bin"], exclude: []}], access: [{namespace: weights, grants: [pull]}], hotload: {enabled: false}}
trt_llm: {x: 1}
training_checkpoints: {download_folder: /x, artifact_references: [{training_job_id: a, paths: [b]}], loops_checkpoint_ids: []}
bis_llm: {version: "1", config: {a: 1}}
model_module_dir: model
model_class_filename: model.py
model_class_name: Model
bundled_packages_dir: packages
input_type: Any
model_framework: custom
model_type: Model
use_local_src: false
live_reload: false
apply_library_patches: true
cache_internal: []
spec_version: "2.0"
`;
