import type { DeploymentPayload } from "../../baseten/push-requests.ts";
import { TrussError, exitCodes } from "../../errors.ts";
import { projectPath } from "../../lib/paths.ts";
import type { Stage } from "../types.ts";
import type { BasetenFlags } from "./flags.ts";

/** What Baseten is told of the deployment. The archive keeps `config.yaml` as staged; flags change only `config`. */
export function createPayload({ config }: Stage, flags: BasetenFlags): DeploymentPayload {
  const environment = environmentOf(flags);
  return {
    config: overlay(config.parsed, flags),
    raw_config: config.text,
    ...(environment === undefined
      ? {}
      : {
          environment_name: environment,
          preserve_env_instance_type: flags.preserveEnvInstanceType ?? true,
        }),
    ...(flags.deployTimeoutMinutes === undefined ? {} : { deploy_timeout_minutes: flags.deployTimeoutMinutes }),
    ...(flags.deploymentName === undefined ? {} : { deployment_name: flags.deploymentName }),
    ...(flags.labels === undefined ? {} : { labels: flags.labels }),
    ...(flags.develop === true ? { is_development: true as const } : {}),
  };
}

/** The name to deploy under. Throws USAGE where nobody gave one. */
export function requireModelName({ project }: Stage, { modelName }: BasetenFlags): string {
  const name = modelName ?? project.config.modelName;
  if (name !== null && name.trim() !== "") return name;
  throw new TrussError("USAGE", "The model has no name.", {
    exitCode: exitCodes.usage,
    hint: "put a line into config.yaml, such as model_name: my-model, or give --model-name",
  });
}

/** Who wants the previous deployment left alone promotes afterwards, where that can be said. */
function environmentOf({ promote, environment, preservePreviousProductionDeployment }: BasetenFlags) {
  if (preservePreviousProductionDeployment === true) return undefined;
  return promote === true ? "production" : environment;
}

function overlay(values: Readonly<Record<string, unknown>>, { modelName, cache }: BasetenFlags) {
  const build = values["build"];
  return {
    ...values,
    ...(modelName === undefined ? {} : { model_name: modelName }),
    ...(cache === false ? { build: { ...(typeof build === "object" ? build : {}), no_cache: true } } : {}),
  };
}

/** What would fail at Baseten after minutes is refused here. */
export function requireBuildable({ config, project }: Stage): void {
  const [fault] = config.faults;
  if (fault === undefined) return;
  const { code, message, ...place } = fault;
  throw new TrussError(code, message, { ...place, file: projectPath(project.root, project.configFile) });
}
