import { TrussError, isTrussError } from "../errors.ts";
import type { Reporter } from "../events.ts";
import { type ApiObject, type BasetenClient, isObject } from "./client.ts";
import { textOf } from "./models.ts";
import { type Clock, systemClock } from "./patience.ts";

export interface DeploymentId {
  readonly modelId: string;
  readonly deploymentId: string;
}

export interface WaitOptions {
  readonly report: Reporter;
  readonly signal: AbortSignal;
  /** Milliseconds. Absent: for as long as it takes. */
  readonly timeoutMs?: number | undefined;
  readonly clock?: Clock;
}

/** How a wait ended well: it answers, or it would as soon as somebody asks. */
export interface Settled {
  readonly status: "ACTIVE" | "SCALED_TO_ZERO";
  readonly deployment: ApiObject;
}

type Phase = "waiting" | "active" | "asleep" | "failed" | "unknown";

const phases: Readonly<Record<string, Phase>> = {
  BUILDING: "waiting",
  DEPLOYING: "waiting",
  LOADING_MODEL: "waiting",
  UPDATING: "waiting",
  WAKING_UP: "waiting",
  ACTIVE: "active",
  SCALED_TO_ZERO: "asleep",
  DEPLOY_FAILED: "failed",
  BUILD_FAILED: "failed",
  BUILD_STOPPED: "failed",
  FAILED: "failed",
  UNHEALTHY: "failed",
  DEACTIVATING: "failed",
  INACTIVE: "failed",
};

/** All in milliseconds. A deployment passes through SCALED_TO_ZERO on its way; only where it stays there it has arrived. */
const asleepForGoodMs = 120_000;
const unknownGraceMs = 60_000;
/** The platform may not find at once what it has just made. */
const notFoundGraceMs = 30_000;
const readPatienceMs = 60_000;

export function deploymentPath({ modelId, deploymentId }: DeploymentId): string {
  return `/v1/models/${encodeURIComponent(modelId)}/deployments/${encodeURIComponent(deploymentId)}`;
}

export async function fetchDeployment(
  client: BasetenClient,
  id: DeploymentId,
  options: { readonly patienceMs?: number; readonly signal?: AbortSignal } = {},
): Promise<ApiObject> {
  const answer = await client.request({ method: "GET", path: deploymentPath(id), ...options });
  // Some of the platform's answers have it one level below.
  return isObject(answer["deployment"]) ? answer["deployment"] : answer;
}

/**
 * Waits until a deployment answers, and tells of each new status.
 *
 * @throws TrussError DEPLOYMENT_FAILED, DEPLOYMENT_TIMEOUT (both with the deployment in `details`), or the client's
 */
export async function waitForDeployment(
  client: BasetenClient,
  id: DeploymentId,
  options: WaitOptions,
): Promise<Settled> {
  const { signal, timeoutMs = Number.POSITIVE_INFINITY, clock = systemClock } = options;
  const startedAt = clock.now();
  const watch = createWatch(options.report, startedAt);
  for (;;) {
    const elapsed = clock.now() - startedAt;
    const deployment = await look(client, id, elapsed, Math.min(readPatienceMs, timeoutMs - elapsed));
    const settled = deployment === undefined ? undefined : watch.judge(deployment, clock.now());
    if (settled !== undefined) return settled;
    const left = timeoutMs - (clock.now() - startedAt);
    if (left <= 0) throw describeTimeout(timeoutMs, deployment);
    await clock.sleep(Math.min(elapsed < 60_000 ? 1_000 : 2_000, left), signal);
  }
}

async function look(client: BasetenClient, id: DeploymentId, elapsed: number, patienceMs: number) {
  try {
    return await fetchDeployment(client, id, { patienceMs });
  } catch (error) {
    if (elapsed < notFoundGraceMs && isTrussError(error) && error.code === "API_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Remembers since when a deployment has had its status. */
function createWatch(report: Reporter, startedAt: number) {
  let last: string | undefined;
  let since = startedAt;
  const judge = (deployment: ApiObject, now: number): Settled | undefined => {
    const status = textOf(deployment, "status") ?? "(none)";
    if (status !== last) {
      since = now;
      last = status;
      report({ event: "note", message: `${describeSeconds(now - startedAt)}  ${status}` });
    }
    switch (phases[status] ?? "unknown") {
      case "waiting":
        return undefined;
      case "active":
        return { status: "ACTIVE", deployment };
      case "asleep":
        return now - since >= asleepForGoodMs ? { status: "SCALED_TO_ZERO", deployment } : undefined;
      case "unknown":
        if (now - since < unknownGraceMs) return undefined;
        throw describeFailure(status, deployment);
      case "failed":
        throw describeFailure(status, deployment);
    }
  };
  return { judge };
}

const reasons: Readonly<Record<string, string>> = {
  BUILD_FAILED: "its image could not be built",
  BUILD_STOPPED: "its build was stopped",
  DEPLOY_FAILED: "it could not be started",
  FAILED: "it failed",
  UNHEALTHY: "its health checks fail",
  DEACTIVATING: "it is being deactivated",
  INACTIVE: "it was deactivated",
};

function describeFailure(status: string, deployment: ApiObject): TrussError {
  const reason = reasons[status] ?? "truss-ts does not know this status";
  return new TrussError("DEPLOYMENT_FAILED", `The deployment is ${status}: ${reason}.`, {
    hint: "its log tells why",
    details: { deployment },
  });
}

function describeTimeout(timeoutMs: number, deployment: ApiObject | undefined): TrussError {
  const status = deployment === undefined ? "not to be found" : (textOf(deployment, "status") ?? "without a status");
  const message = `The deployment is still ${status} after ${Math.round(timeoutMs / 1000)} s.`;
  return new TrussError("DEPLOYMENT_TIMEOUT", message, {
    hint: "it goes on without you; --timeout-seconds says how long to wait",
    ...(deployment === undefined ? {} : { details: { deployment } }),
  });
}

/** `4 s`, `2 min 05 s`. */
function describeSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}
