import { TrussError, exitCodes, isTrussError } from "../errors.ts";
import { type ApiObject, type BasetenClient, isObject } from "./client.ts";
import type { DeploymentId } from "./deployments.ts";
import { type Model, type Team, textOf } from "./models.ts";
import { NetworkFailure } from "./network-failure.ts";
import type { UploadTicket } from "./s3-request.ts";

/** What is deployed: `DeploymentArchivePayloadV1`. What is not given is left to the platform. */
export interface DeploymentPayload {
  /** The parsed `config.yaml`. */
  readonly config: ApiObject;
  /** Its text. */
  readonly raw_config: string;
  readonly environment_name?: string;
  /** Only with an environment. */
  readonly preserve_env_instance_type?: boolean;
  readonly deploy_timeout_minutes?: number;
  readonly deployment_name?: string;
  readonly labels?: ApiObject;
  /** The one deployment that is replaced each time; then environment and name must not be given. */
  readonly is_development?: true;
}

/** Where a deployment goes: to a model that is there, or to one that comes to be. */
export interface Destination {
  readonly name: string;
  readonly existing?: Model | undefined;
  readonly team?: Team | undefined;
}

export interface Created extends DeploymentId {
  readonly status: string | undefined;
  readonly deployment: ApiObject;
}

/** Lets the platform look at a deployment without making it. Throws API_REFUSED with what it says. */
export async function validateDeployment(
  client: BasetenClient,
  destination: Destination,
  deployment: DeploymentPayload,
): Promise<void> {
  await prepare(client, { ...addressee(destination), deployment, dry_run: true });
}

/** Asks where to put the archive; undefined where the platform wants none. Nothing is made yet. */
export async function prepareUpload(
  client: BasetenClient,
  destination: Destination,
  deployment: DeploymentPayload,
): Promise<UploadTicket | undefined> {
  const answer = await prepare(client, { ...addressee(destination), deployment });
  const key = textOf(answer, "s3_key");
  if (key === undefined) return undefined;
  const creds = isObject(answer["creds"]) ? answer["creds"] : {};
  const need = (object: ApiObject, name: string) => textOf(object, name) ?? reportMissing(name);
  return {
    key,
    bucket: need(answer, "s3_bucket"),
    region: need(answer, "s3_region"),
    accessKeyId: need(creds, "aws_access_key_id"),
    secretAccessKey: need(creds, "aws_secret_access_key"),
    sessionToken: need(creds, "aws_session_token"),
  };
}

export interface CommitOptions {
  /** What {@link prepareUpload} named; null where there was nothing to upload. */
  readonly s3Key: string | null;
  /** Only for a model that comes to be. */
  readonly disableDownload?: boolean;
}

/** Makes the deployment. Sent once, whatever happens: twice would be two deployments. */
export async function createDeployment(
  client: BasetenClient,
  destination: Destination,
  deployment: DeploymentPayload,
  { s3Key, disableDownload = false }: CommitOptions,
): Promise<Created> {
  const { existing, team, name } = destination;
  const source = { kind: "model_archive", s3_key: s3Key, deployment };
  const named = { ...source, name, ...(disableDownload ? { disable_archive_download: true } : {}) };
  try {
    const answer = await client.request({
      method: "POST",
      path: existing === undefined ? creationPath(team) : `/v1/models/${encodeURIComponent(existing.id)}/deployments`,
      body: { source: existing === undefined ? named : source },
      repeat: "never",
    });
    return readCreated(answer);
  } catch (error) {
    throw mayHaveHappened(error) ? describeDoubt(error, client.remote.dashboardUrl) : error;
  }
}

export interface PromoteOptions {
  readonly environment: string;
  readonly scaleDownPrevious: boolean;
  readonly preserveInstanceType: boolean;
}

/** Brings a deployment that is there into an environment; the deployment as it is then. */
export function promoteDeployment(
  client: BasetenClient,
  { modelId, deploymentId }: DeploymentId,
  { environment, scaleDownPrevious, preserveInstanceType }: PromoteOptions,
): Promise<ApiObject> {
  return client.request({
    method: "POST",
    path: `/v1/models/${encodeURIComponent(modelId)}/environments/${encodeURIComponent(environment)}/promote`,
    body: {
      deployment_id: deploymentId,
      scale_down_previous_deployment: scaleDownPrevious,
      preserve_env_instance_type: preserveInstanceType,
    },
    repeat: "never",
  });
}

/** Made again when it fails: it leaves nothing behind. */
function prepare(client: BasetenClient, body: ApiObject): Promise<ApiObject> {
  return client.request({ method: "POST", path: "/v1/prepare_model_upload", body, repeat: "while-patient" });
}

function addressee({ existing, name, team }: Destination): ApiObject {
  if (existing !== undefined) return { model_id: existing.id };
  return { name, ...(team === undefined ? {} : { team_id: team.id }) };
}

function creationPath(team: Team | undefined): string {
  return team === undefined ? "/v1/models" : `/v1/teams/${encodeURIComponent(team.id)}/models`;
}

function reportMissing(name: string): never {
  throw new TrussError("API_FAILED", `Baseten gave no ${name} to upload with.`, { exitCode: exitCodes.platform });
}

function readCreated(answer: ApiObject): Created {
  const model = isObject(answer["model"]) ? answer["model"] : {};
  const deployment = isObject(answer["deployment"]) ? answer["deployment"] : {};
  const modelId = textOf(model, "id") ?? textOf(deployment, "model_id");
  const deploymentId = textOf(deployment, "id");
  if (modelId !== undefined && deploymentId !== undefined) {
    return { modelId, deploymentId, status: textOf(deployment, "status"), deployment };
  }
  throw new TrussError("API_FAILED", "Baseten's answer does not name the deployment.", {
    exitCode: exitCodes.platform,
  });
}

/** Whether a deployment may be there although no good answer came. */
function mayHaveHappened(error: unknown): error is TrussError {
  if (!isTrussError(error)) return false;
  return error instanceof NetworkFailure ? error.sent : error.code === "API_FAILED" || error.code === "INTERRUPTED";
}

function describeDoubt(error: TrussError, dashboardUrl: string): TrussError {
  const { code, message, exitCode, details = {} } = error;
  return new TrussError(code, `${message} The deployment may have been made all the same.`, {
    exitCode,
    hint: `look at ${dashboardUrl}/models before you push again: a second push would be a second deployment`,
    details,
  });
}
