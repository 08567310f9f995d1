import type { BasetenClient } from "../../baseten/client.ts";
import { listSecretNames } from "../../baseten/models.ts";
import { isTrussError } from "../../errors.ts";
import type { Reporter } from "../../events.ts";
import type { Stage } from "../types.ts";

/** A secret that the workspace lacks is found here rather than in the log of a model that does not start. */
export async function warnOfMissingSecrets(client: BasetenClient, { project }: Stage, report: Reporter): Promise<void> {
  const declared = Object.keys(project.config.secrets);
  if (declared.length === 0) return;
  const known = await namesOf(client);
  const missing = declared.filter((name) => known?.includes(name) === false);
  if (missing.length === 0) return;
  const names = missing.length === 1 ? `the secret ${missing[0]}` : `the secrets ${missing.join(", ")}`;
  report({
    event: "warning",
    message: `config.yaml names ${names}, which your workspace does not have.`,
    hint: `set it at ${client.remote.dashboardUrl}/settings/secrets; the model cannot read it until then`,
  });
}

/** Not every key may list them, and that is no reason to stop. */
async function namesOf(client: BasetenClient): Promise<readonly string[] | undefined> {
  try {
    return await listSecretNames(client);
  } catch (error) {
    if (isTrussError(error) && error.code !== "INTERRUPTED") return undefined;
    throw error;
  }
}
