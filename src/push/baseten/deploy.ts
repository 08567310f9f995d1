import { type ApiObject, type BasetenClient, type KeyHolder, createClient } from "../../baseten/client.ts";
import { textOf } from "../../baseten/models.ts";
import {
  type Created,
  type DeploymentPayload,
  type Destination,
  createDeployment,
  prepareUpload,
  promoteDeployment,
} from "../../baseten/push-requests.ts";
import { uploadArchive } from "../../baseten/upload.ts";
import { TrussError, exitCodes, isTrussError } from "../../errors.ts";
import type { PublishRequest, Published } from "../types.ts";
import { withArchiveFile } from "./archive-file.ts";
import type { BasetenFlags } from "./flags.ts";
import { follow } from "./follow.ts";
import { type Links, createLinks, describeCall, describeLinks, describeLog } from "./links.ts";

export interface Deploy {
  readonly request: PublishRequest;
  readonly flags: BasetenFlags;
  readonly client: BasetenClient;
  readonly credentials: KeyHolder;
  readonly destination: Destination;
  readonly payload: DeploymentPayload;
}

/** What the answer to the commit may still take after Ctrl-C: with it we know what was made. */
const commitGraceMs = 10_000;

/** Prepare, upload, commit; then tell where it is, and only then wait. */
export async function deploy(push: Deploy): Promise<Published> {
  const { request, client, destination, payload } = push;
  const { report } = request;
  const isFollowed = [push.flags.wait, push.flags.tail, push.flags.preservePreviousProductionDeployment].includes(true);
  if (push.flags.timeoutSeconds !== undefined && !isFollowed) {
    report({ event: "warning", message: "--timeout-seconds means nothing without --wait." });
  }
  report({ event: "step", message: describeKind(push) });
  const ticket = await prepareUpload(client, destination, payload);
  if (ticket !== undefined) {
    await withArchiveFile(request.stage, request.signal, (archive) =>
      uploadArchive(ticket, { ...archive, report, signal: request.signal }),
    );
  }
  request.signal.throwIfAborted();
  const created = await commit(push, ticket?.key ?? null);
  const links = linksOf(push, created);
  const summary = [...describeIds(created), ...describeLinks(links, request.stage.endpoints)];
  if (isFollowed) tellBefore(push, summary);
  const deployment = await finish(push, created, links);
  return {
    reference: links.predictUrl,
    json: {
      model_id: created.modelId,
      model_version_id: created.deploymentId,
      predict_url: links.predictUrl,
      logs_url: links.logsUrl,
      is_draft: push.flags.develop === true,
      deployment,
    },
    summary: [...(isFollowed ? [] : summary), ["Status", textOf(deployment, "status") ?? "unknown"]],
    next: [...describeCall(links, request.stage.endpoints, destination.name), describeLog(created, push.flags.remote)],
  };
}

function describeKind({ flags, destination: { existing, name } }: Deploy): string {
  const environment = flags.promote === true ? "production" : flags.environment;
  const into = environment === undefined ? "" : ` into ${environment}`;
  if (flags.develop === true) return `Deploying ${name} as its development deployment`;
  return existing === undefined ? `Deploying ${name}${into}, a new model` : `Deploying ${name}${into}`;
}

/** By a client of its own, which Ctrl-C ends only after a while. */
async function commit(push: Deploy, s3Key: string | null): Promise<Created> {
  const { request, credentials, destination, payload, flags } = push;
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    timer = setTimeout(
      () => late.abort(interruption("Interrupted while the deployment was being made.")),
      commitGraceMs,
    );
  };
  request.signal.addEventListener("abort", onAbort, { once: true });
  try {
    const client = createClient({ credentials, report: request.report, signal: late.signal });
    const disableDownload = flags.disableTrussDownload === true;
    return await createDeployment(client, destination, payload, { s3Key, disableDownload });
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", onAbort);
  }
}

function linksOf({ client, flags, destination }: Deploy, { modelId, deploymentId }: Created): Links {
  // The first deployment of a model becomes its production by itself.
  const first = destination.existing === undefined && flags.develop !== true ? "production" : undefined;
  return createLinks({
    remote: client.remote,
    modelId,
    deploymentId,
    isDevelopment: flags.develop === true,
    environment: flags.promote === true ? "production" : (flags.environment ?? first),
  });
}

function describeIds({ modelId, deploymentId }: Created): (readonly [string, string])[] {
  return [
    ["Model ID", modelId],
    ["Deployment ID", deploymentId],
  ];
}

function tellBefore({ request }: Deploy, summary: readonly (readonly [string, string])[]): void {
  const width = Math.max(...summary.map(([label]) => label.length));
  for (const [label, value] of summary) {
    request.report({ event: "note", message: `${label.padEnd(width)}  ${value}` });
  }
}

/** Whatever ends it from here on: the deployment is there, and who reads the error must learn where. */
async function finish(push: Deploy, created: Created, links: Links): Promise<ApiObject> {
  const { request, client, flags } = push;
  const { report, signal } = request;
  try {
    signal.throwIfAborted();
    const deployment = await follow(client, created, { flags, report, signal });
    return await promote(push, created, deployment);
  } catch (error) {
    if (signal.aborted) throw describeInterruption(created, links, flags);
    if (!isTrussError(error)) throw error;
    const { code, message, exitCode, details, hint = "its log may tell why" } = error;
    throw new TrussError(code, message, {
      exitCode,
      hint: `${hint}: ${links.logsUrl}`,
      details: { ...details, deployment: details?.["deployment"] ?? created.deployment },
    });
  }
}

async function promote({ client, flags, destination }: Deploy, created: Created, deployment: ApiObject) {
  if (flags.preservePreviousProductionDeployment !== true || destination.existing === undefined) return deployment;
  return promoteDeployment(client, created, {
    environment: "production",
    scaleDownPrevious: false,
    preserveInstanceType: flags.preserveEnvInstanceType ?? true,
  });
}

function describeInterruption(created: Created, { logsUrl }: Links, { remote }: BasetenFlags): TrussError {
  const { modelId, deploymentId, deployment } = created;
  const message = `Interrupted: deployment ${deploymentId} of model ${modelId} goes on at Baseten.`;
  return interruption(message, { deployment }, `follow it with: ${describeLog(created, remote)}\n  or see ${logsUrl}`);
}

function interruption(message: string, details?: ApiObject, hint?: string): TrussError {
  return new TrussError("INTERRUPTED", message, {
    exitCode: exitCodes.interrupted,
    ...(details === undefined ? {} : { details }),
    ...(hint === undefined ? {} : { hint }),
  });
}
