import type { BasetenClient } from "../../baseten/client.ts";
import { listSecretNames } from "../../baseten/models.ts";
import type { Reporter } from "../../events.ts";
import type { Stage } from "../types.ts";

const patienceMs = 5_000;

/** A secret that the workspace lacks is found here rather than in the log of a model that does not start. */
export async function warnOfMissingSecrets(
  client: BasetenClient,
  { project }: Stage,
  { report, signal }: { readonly report: Reporter; readonly signal: AbortSignal },
): Promise<void> {
  const declared = Object.keys(project.config.secrets);
  if (declared.length === 0) return;
  const known = await namesOf(client, signal);
  const missing = declared.filter((name) => known?.includes(name) === false);
  if (missing.length === 0) return;
  const names = missing.length === 1 ? `the secret ${missing[0]}` : `the secrets ${missing.join(", ")}`;
  report({
    event: "warning",
    message: `config.yaml names ${names}, which your workspace does not have.`,
    hint: `set it at ${client.remote.dashboardUrl}/settings/secrets; the model cannot read it until then`,
  });
}

/** Not every key may list them, nor is every answer quick, and neither is a reason to stop. */
async function namesOf(client: BasetenClient, signal: AbortSignal): Promise<readonly string[] | undefined> {
  try {
    return await listSecretNames(client, AbortSignal.timeout(patienceMs));
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
