import type * as zod from "zod";
import { createDockerAuth } from "./auth-schema.ts";
import { nameFault } from "./model-name.ts";
import { createOwnMetadata } from "./own-keys.ts";
import { createRuntime } from "./runtime-schema.ts";
import { type SchemaKit as Kit, createSchemaKit, recordError } from "./schema-kit.ts";
import { createDockerServer } from "./server-schema.ts";
import { createDataKeys } from "./weights-schema.ts";

/**
 * The keys of `config.yaml`: all of Truss's, so that one file serves both, and ours.
 * Messages are written to follow the key's path: "resources.cpu must be a string".
 */
export function createConfigSchema(z: typeof zod) {
  const kit = createSchemaKit(z);
  const { text, texts, object, secretName } = kit;
  return object({
    model_name: text.refine((name) => !name || nameFault(name) === undefined, {
      error: "must be a name of at most 256 characters, none of them a control character",
    }),
    model_metadata: createMetadata(kit),
    description: text,
    examples_filename: text,
    data_dir: text,
    external_package_dirs: texts,
    python_version: kit.choice(["py39", "py310", "py311", "py312", "py313", "py314"]),
    base_image: createBaseImage(kit),
    requirements_file: text,
    requirements: texts,
    system_packages: texts,
    environment_variables: createVariables(kit),
    secrets: z
      .record(secretName, z.union([z.string(), z.null()], { error: "must be empty (null) or a string" }), {
        error: recordError("must be a mapping from a secret's name to null"),
      })
      .nullish(),
    resources: createResources(kit),
    runtime: createRuntime(kit),
    build: createBuild(kit),
    build_commands: texts,
    docker_server: createDockerServer(kit),
    ...createDataKeys(kit),
    ...createRarerKeys(kit),
  });
}

/** Free but for our own part, which Truss lets pass here and nowhere else. */
function createMetadata(kit: Kit) {
  return kit.z.looseObject({ truss_ts: createOwnMetadata(kit) }, { error: recordError("must be a mapping") }).nullish();
}

/** Keys that truss-ts hands on without reading them. */
function createRarerKeys(kit: Kit) {
  const { text, flag, anything, object } = kit;
  return {
    trt_llm: anything,
    bis_llm: object({ config: anything, version: text, additional_autoscaling_config: anything }),
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
    spec_version: text,
  };
}

/** The platform's own: Knative refuses the one, Kubernetes sets the other. */
const reservedVariables = new Set(["PORT", "HOSTNAME"]);

function createVariables({ z }: Kit) {
  const name = z
    .string()
    .regex(/^[^=\0]+$/, { error: "is not a variable's name" })
    .refine((key) => !reservedVariables.has(key), {
      error: "is set by the platform, whatever stands here: take another name",
    });
  const value = z.union([z.string(), z.number(), z.boolean()], { error: "must be a string, a number or a boolean" });
  return z.record(name, value, { error: recordError("must be a mapping") }).nullish();
}

function createBaseImage(kit: Kit) {
  return kit.object({
    image: kit.text,
    python_executable_path: kit.texted(/^(?:\/|$)/, "must be an absolute path"),
    docker_auth: createDockerAuth(kit),
  });
}

const accelerators = "T4 L4 A10G V100 A100 A100_40GB H100 H200 H100_40GB B200 L40S RTX_PRO_6000 B300 GB300 B10".split(
  " ",
);

function createResources({ object, text, texts, texted, flag, whole }: Kit) {
  return object({
    cpu: texted(/^(\d+(\.\d*)?|\.\d+)m?$/, 'must be a string such as "2", "0.5" or "500m"'),
    memory: texted(/^(\d+(\.\d*)?|\.\d+)([kMGTPE]|[KMGTPE]i)?$/, 'must be a string such as "2Gi" or "512Mi"'),
    accelerator: texted(
      new RegExp(`^(${accelerators.join("|")})(:0*[1-9]\\d*)?$`),
      `must be TYPE or TYPE:COUNT, with a type of ${accelerators.join(", ")}`,
    ),
    instance_type: text,
    node_count: whole(1),
    fabric: object({ use_rdma: flag, preferences: texts }),
    use_gpu: flag,
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
