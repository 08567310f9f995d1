import { type BasetenClient, type KeyHolder, createClient } from "../../baseten/client.ts";
import { findCredentials } from "../../baseten/credentials.ts";
import { type Model, findModel, findTeam } from "../../baseten/models.ts";
import { type Destination, validateDeployment } from "../../baseten/push-requests.ts";
import { TrussError, exitCodes, isTrussError } from "../../errors.ts";
import { deploy } from "../baseten/deploy.ts";
import { type BasetenFlags, options, validate } from "../baseten/flags.ts";
import { createPayload, requireBuildable, requireModelName } from "../baseten/payload.ts";
import { warnOfMissingSecrets } from "../baseten/secrets.ts";
import type { PublishRequest, Published, Target } from "../types.ts";

/** A live deployment on Baseten, by its REST API. */
export const baseten: Target = {
  name: "baseten",
  options,
  validate,
  needsName: ({ modelName }) => modelName === undefined,
  publish,
};

async function publish(request: PublishRequest): Promise<Published> {
  const { stage, dryRun } = request;
  const flags: BasetenFlags = request.flags;
  const name = requireModelName(stage, flags);
  requireBuildable(stage);
  const payload = createPayload(stage, flags);
  const credentials = flags.offline === true && dryRun ? undefined : readCredentials(request, flags);
  if (credentials === undefined) return describeDryRun(request, name, undefined);
  const { report, signal } = request;
  const client = createClient({ credentials, report, signal });
  try {
    const destination = await findDestination(client, flags, name, credentials.team);
    await warnOfMissingSecrets(client, stage, request);
    if (!dryRun) return await deploy({ request, flags, client, credentials, destination, payload });
    report({ event: "step", message: "Asking Baseten whether it would take this" });
    await validateDeployment(client, destination, payload);
    return describeDryRun(request, name, destination);
  } catch (error) {
    throw describeInterruption(error);
  }
}

type Found = KeyHolder & { readonly team?: string };

/** A dry run is content without a key, and says so. */
function readCredentials({ dryRun, report }: PublishRequest, { remote }: BasetenFlags): Found | undefined {
  try {
    const found = findCredentials({ env: process.env, remote });
    for (const warning of found.warnings) report({ event: "warning", ...warning });
    return found;
  } catch (error) {
    if (!dryRun || remote !== undefined || !isTrussError(error) || error.code !== "AUTH_MISSING") throw error;
    report({
      event: "warning",
      message: "Baseten has not looked at this: there is no API key.",
      hint: error.hint ?? "",
    });
    return undefined;
  }
}

async function findDestination(
  client: BasetenClient,
  flags: BasetenFlags,
  name: string,
  usualTeam: string | undefined,
): Promise<Destination> {
  const wanted = flags.team ?? usualTeam;
  const team = wanted === undefined ? undefined : await findTeam(client, wanted);
  const existing = await findModel(client, name, team);
  if (existing !== undefined && flags.disableTrussDownload === true) throw refuseDownloadFlag(existing);
  return { name, existing, team };
}

function refuseDownloadFlag({ name }: Model): TrussError {
  return new TrussError("USAGE", `--disable-truss-download is only for new models, and ${name} is there already.`, {
    exitCode: exitCodes.usage,
  });
}

function describeDryRun({ stage }: PublishRequest, name: string, asked: Destination | undefined): Published {
  const { existing } = asked ?? {};
  const whereTo = existing === undefined ? "a new model" : `a new deployment of model ${existing.id}`;
  return {
    reference: stage.digest,
    json: { dry_run: true, model_name: name, model_id: existing?.id ?? null, validated: asked !== undefined },
    summary: [
      ["Model", name],
      ["Would be", asked === undefined ? "deployed (Baseten was not asked)" : `${whereTo} (Baseten would take it)`],
    ],
    next: [],
  };
}

/** Ctrl-C before anything was made; who has made something tells of it in `details`. */
function describeInterruption(error: unknown): unknown {
  if (!isTrussError(error) || error.code !== "INTERRUPTED" || error.details !== undefined) return error;
  return new TrussError("INTERRUPTED", "Interrupted: nothing was deployed.", { exitCode: exitCodes.interrupted });
}
