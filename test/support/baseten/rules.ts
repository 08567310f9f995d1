/** What the management API says of a body; undefined: nothing. Names as in its OpenAPI document. */
export function findFault(path: string, body: unknown): string | undefined {
  if (!isRecord(body)) return "the body is not an object";
  if (path === "/v1/prepare_model_upload") return findPrepareFault(body);
  return findCommitFault(path, body);
}

export type Json = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function findPrepareFault(body: Json): string | undefined {
  const extra = findExtra(body, ["deployment", "name", "model_id", "team_id", "dry_run"]);
  if (extra !== undefined) return extra;
  if ("name" in body === "model_id" in body) return "exactly one of name and model_id must be given";
  if ("team_id" in body && !("name" in body)) return "team_id goes with name only";
  if ("dry_run" in body && typeof body["dry_run"] !== "boolean") return "dry_run is not a boolean";
  return findDeploymentFault(body["deployment"]);
}

function findCommitFault(path: string, body: Json): string | undefined {
  const source = body["source"];
  if (!isRecord(source) || Object.keys(body).length !== 1) return "the body must be a source alone";
  const creates = path.endsWith("/models");
  const allowed = ["kind", "s3_key", "deployment", ...(creates ? ["name", "disable_archive_download"] : [])];
  const extra = findExtra(source, allowed);
  if (extra !== undefined) return extra;
  if (source["kind"] !== "model_archive") return "source.kind is not model_archive";
  if (typeof source["s3_key"] !== "string") return "source.s3_key is not a string";
  if (creates && typeof source["name"] !== "string") return "source.name is not a string";
  return findDeploymentFault(source["deployment"]);
}

const deploymentKeys = [
  "config",
  "raw_config",
  "environment_name",
  "preserve_env_instance_type",
  "deploy_timeout_minutes",
  "deployment_name",
  "labels",
  "is_development",
];

/** `user_env` is not among the keys on purpose: it is Python's. */
function findDeploymentFault(deployment: unknown): string | undefined {
  if (!isRecord(deployment)) return "deployment is not an object";
  const extra = findExtra(deployment, deploymentKeys);
  if (extra !== undefined) return extra;
  const { config, raw_config: raw, labels, deploy_timeout_minutes: minutes } = deployment;
  if (!isRecord(config)) return "deployment.config is not an object";
  if (typeof raw !== "string") return "deployment.raw_config is not a string";
  if (!isRecord(config["docker_server"])) return "config.docker_server is missing";
  if ("external_package_dirs" in config) return "config.external_package_dirs must not be sent";
  if (labels !== undefined && !isRecord(labels)) return "labels is not an object";
  if (minutes !== undefined && !(Number.isInteger(minutes) && Number(minutes) >= 10 && Number(minutes) <= 1440)) {
    return "deploy_timeout_minutes is not between 10 and 1440";
  }
  if ("preserve_env_instance_type" in deployment && !("environment_name" in deployment)) {
    return "preserve_env_instance_type goes with an environment only";
  }
  const name = deployment["deployment_name"];
  if (name !== undefined && !/^[0-9a-zA-Z_.-]*$/.test(String(name))) return "deployment_name has odd characters";
  const isNamed = ["environment_name", "deployment_name"].some((key) => key in deployment);
  return deployment["is_development"] === true && isNamed ? "a development deployment has no name" : undefined;
}

function findExtra(object: Json, allowed: readonly string[]): string | undefined {
  const extra = Object.keys(object).find((key) => !allowed.includes(key));
  return extra === undefined ? undefined : `${extra}: extra inputs are not permitted`;
}
