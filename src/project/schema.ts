import type * as zod from "zod";
import { createOwnMetadata, createOwnRuntime } from "./own-keys.ts";
import { type SchemaKit as Kit, createSchemaKit, recordError } from "./schema-kit.ts";

/**
 * The keys of `config.yaml`: all of Truss's, so that one file serves both, and ours.
 * Messages are written to follow the key's path: "resources.cpu must be a string".
 */
export function createConfigSchema(z: typeof zod) {
  const kit = createSchemaKit(z);
  const { text, texts, flag, whole, object, secretName } = kit;
  return object({
    model_name: text,
    model_metadata: createMetadata(kit),
    description: text,
    examples_filename: text,
    data_dir: text,
    external_data: kit.list(object({ url: text, local_data_path: text, backend: text, name: text })),
    external_package_dirs: texts,
    python_version: kit.choice(["py39", "py310", "py311", "py312", "py313", "py314"]),
    base_image: createBaseImage(kit),
    requirements_file: text,
    requirements: texts,
    system_packages: texts,
    environment_variables: kit.map(
      z.union([z.string(), z.number(), z.boolean()], { error: "must be a string, a number or a boolean" }),
    ),
    secrets: z
      .record(secretName, z.union([z.string(), z.null()], { error: "must be empty (null) or a string" }), {
        error: recordError("must be a mapping from a secret's name to null"),
      })
      .nullish(),
    resources: createResources(kit),
    runtime: createRuntime(kit),
    build: createBuild(kit),
    build_commands: texts,
    docker_server: object({
      start_command: text,
      server_port: kit.port,
      predict_endpoint: text,
      readiness_endpoint: text,
      liveness_endpoint: text,
      run_as_user_id: whole(1),
      no_build: flag,
    }),
    ...createRarerKeys(kit),
  });
}

/** Free but for our own part, which Truss lets pass here and nowhere else. */
function createMetadata(kit: Kit) {
  return kit.z.looseObject({ truss_ts: createOwnMetadata(kit) }, { error: recordError("must be a mapping") }).nullish();
}

/** Keys that truss-ts hands on without reading them. */
function createRarerKeys(kit: Kit) {
  const { z, text, texts, flag, anything, object } = kit;
  return {
    model_cache: kit.list(createModelCache(kit)),
    hf_cache: kit.list(createModelCache(kit)),
    weights: kit.list(createWeights(kit)),
    bdn: z.unknown().optional(),
    trt_llm: anything,
    training_checkpoints: object({
      download_folder: text,
      artifact_references: kit.list(object({ training_job_id: text, paths: texts })),
      loops_checkpoint_ids: texts,
    }),
    bis_llm: object({ config: z.unknown().optional(), version: text, additional_autoscaling_config: anything }),
    model_module_dir: text,
    model_class_filename: text,
    model_class_name: text,
    bundled_packages_dir: text,
    input_type: text,
    model_framework: text,
    model_type: text,
    use_local_src: flag,
    live_reload: flag,
    apply_library_patches: flag,
    cache_internal: kit.list(createModelCache(kit)),
    spec_version: text,
  };
}

function createBaseImage({ object, text, choice }: Kit) {
  return object({
    image: text,
    python_executable_path: text,
    docker_auth: object({
      auth_method: choice([
        "GCP_SERVICE_ACCOUNT_JSON",
        "AWS_IAM",
        "AWS_OIDC",
        "AWS_ASSUME_ROLE",
        "GCP_OIDC",
        "REGISTRY_SECRET",
      ]),
      registry: text,
      secret_name: text,
      aws_access_key_id_secret_name: text,
      aws_secret_access_key_secret_name: text,
      aws_oidc_role_arn: text,
      aws_oidc_region: text,
      gcp_oidc_service_account: text,
      gcp_oidc_workload_id_provider: text,
    }),
  });
}

const accelerators = "T4 L4 A10G V100 A100 A100_40GB H100 H200 H100_40GB B200 L40S RTX_PRO_6000 B300 GB300 B10".split(
  " ",
);

function createResources({ object, text, texted, flag, whole, anything }: Kit) {
  return object({
    cpu: texted(/^(\d+(\.\d*)?|\.\d+)m?$/, 'must be a string such as "2", "0.5" or "500m"'),
    memory: texted(/^(\d+(\.\d*)?|\.\d+)([kMGTPE]|[KMGTPE]i)?$/, 'must be a string such as "2Gi" or "512Mi"'),
    accelerator: texted(
      new RegExp(`^(${accelerators.join("|")})?(:\\d+)?$`),
      `must be TYPE or TYPE:COUNT, with a type of ${accelerators.join(", ")}`,
    ),
    instance_type: text,
    node_count: whole(1),
    fabric: object({ use_rdma: flag, preferences: anything }),
    use_gpu: flag,
  });
}

function createRuntime(kit: Kit) {
  const { object, text, texts, flag, whole, seconds, choice } = kit;
  return object({
    predict_concurrency: whole(1),
    streaming_read_timeout: seconds,
    num_workers: whole(1),
    enable_tracing_data: flag,
    enable_debug_logs: flag,
    is_websocket_endpoint: flag,
    transport: object({
      kind: choice(["http", "websocket", "grpc"]),
      ping_interval_seconds: seconds,
      ping_timeout_seconds: seconds,
    }),
    health_checks: object({
      restart_check_delay_seconds: seconds,
      restart_threshold_seconds: seconds,
      stop_traffic_threshold_seconds: seconds,
      startup_threshold_seconds: seconds,
    }),
    oidc: object({ enabled: flag }),
    remote_ssh: object({ enabled: flag }),
    egress_restrictions: object({ ip_allow_list: texts, fqdn_allow_list: texts }),
    truss_server_version_override: text,
    ...createOwnRuntime(kit),
  });
}

function createBuild({ z, object, flag, anything, choice, secretName }: Kit) {
  return object({
    model_server: choice(["TrussServer", "TRT_LLM"]),
    arguments: anything,
    secret_to_path_mapping: z
      .record(secretName, z.string({ error: "must be a string" }), { error: recordError("must be a mapping") })
      .nullish(),
    no_cache: flag,
  });
}

function createModelCache({ object, text, texts, flag, choice }: Kit) {
  return object({
    repo_id: text,
    revision: text,
    allow_patterns: texts,
    ignore_patterns: texts,
    volume_folder: text,
    use_volume: flag,
    kind: choice(["hf", "gcs", "s3", "azure"]),
    runtime_secret_name: text,
  });
}

function createWeights({ object, text, texts, texted, choice }: Kit) {
  return object({
    source: texted(
      /^(hf|s3|gs|azure|r2|cw|https|bdn):\/\//,
      "must begin with hf://, s3://, gs://, azure://, r2://, cw://, bdn:// or https://",
    ),
    mount_location: texted(/^\//, "must be an absolute path"),
    auth: object({
      auth_method: choice(["CUSTOM_SECRET", "AWS_OIDC", "GCP_OIDC"]),
      auth_secret_name: text,
      aws_oidc_role_arn: text,
      aws_oidc_region: text,
      gcp_oidc_service_account: text,
      gcp_oidc_workload_id_provider: text,
    }),
    auth_secret_name: text,
    allow_patterns: texts,
    ignore_patterns: texts,
  });
}
