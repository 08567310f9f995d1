import type { ApiObject, BasetenClient } from "../../baseten/client.ts";
import { createDeploymentLog } from "../../baseten/deployment-log.ts";
import { type Settled, waitForDeployment } from "../../baseten/deployments.ts";
import { formatLine } from "../../baseten/log-text.ts";
import { tailLogs } from "../../baseten/logs.ts";
import { textOf } from "../../baseten/models.ts";
import type { Created } from "../../baseten/push-requests.ts";
import { TrussError } from "../../errors.ts";
import type { Reporter } from "../../events.ts";
import type { BasetenFlags } from "./flags.ts";

export interface FollowOptions {
  readonly flags: BasetenFlags;
  readonly report: Reporter;
  readonly signal: AbortSignal;
}

const pollMs = 2_000;
/** What is waited for a log's last lines: a model that answers writes on, one that failed has more to say. */
const lastLinesMs = { answers: 2_500, failed: 6_000 };
/** What is looked back from the deployment's making: clocks differ. */
const skewMs = 60_000;

/** Waits for a deployment and shows its log, as the flags say; what is known of it then. */
export async function follow(client: BasetenClient, created: Created, options: FollowOptions): Promise<ApiObject> {
  const { flags } = options;
  const waits = flags.wait === true || flags.preservePreviousProductionDeployment === true;
  if (waits)
    return flags.tail === true
      ? waitWithLog(client, created, options)
      : (await wait(client, created, options)).deployment;
  if (flags.tail === true) await tailToItsEnd(client, created, options);
  return created.deployment;
}

async function wait(client: BasetenClient, created: Created, options: FollowOptions): Promise<Settled> {
  const { flags, report, signal } = options;
  const timeoutMs = flags.timeoutSeconds === undefined ? undefined : flags.timeoutSeconds * 1000;
  const settled = await waitForDeployment(client, created, { report, signal, timeoutMs });
  if (settled.status === "SCALED_TO_ZERO") {
    report({
      event: "note",
      message: "It is deployed and has no replica at the moment: the first request starts one.",
    });
  }
  return settled;
}

async function waitWithLog(client: BasetenClient, created: Created, options: FollowOptions): Promise<ApiObject> {
  const enough = new AbortController();
  const signal = AbortSignal.any([options.signal, enough.signal]);
  // That the log cannot be read is no reason to stop waiting.
  const tail = tailToItsEnd(client, created, { ...options, signal }).catch((error: unknown) =>
    warn({ ...options, signal }, error),
  );
  let patience = lastLinesMs.failed;
  try {
    const { deployment } = await wait(client, created, options);
    patience = lastLinesMs.answers;
    return deployment;
  } finally {
    const timer = setTimeout(() => enough.abort(), patience);
    await tail;
    clearTimeout(timer);
  }
}

function warn({ report, signal }: FollowOptions, error: unknown): void {
  if (signal.aborted || (error instanceof TrussError && error.code === "DEPLOYMENT_FAILED")) return;
  report({ event: "warning", message: `The log is shown no further: ${String(error)}` });
}

async function tailToItsEnd(client: BasetenClient, created: Created, options: FollowOptions): Promise<void> {
  const { report, signal } = options;
  const madeMs = Date.parse(textOf(created.deployment, "created_at") ?? "");
  const startMs = (Number.isNaN(madeMs) ? Date.now() : madeMs) - skewMs;
  const lines = tailLogs(createDeploymentLog(client, created), { startMs, report, signal, pollMs });
  for (let next = await lines.next(); ; next = await lines.next()) {
    if (next.done !== true) {
      report({ event: "output", stream: "stderr", text: `${formatLine(next.value)}\n` });
    } else {
      options.signal.throwIfAborted();
      throw new TrussError("DEPLOYMENT_FAILED", `The deployment has ended: ${next.value ?? "its log is over"}.`);
    }
  }
}
