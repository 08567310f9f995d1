import type { BasetenClient } from "./client.ts";
import { type DeploymentId, deploymentPath, fetchDeployment } from "./deployments.ts";
import { logParameters, toLogLines } from "./log-lines.ts";
import type { LogSource } from "./logs.ts";
import { textOf } from "./models.ts";

/** The log of one deployment, its build included. */
export function createDeploymentLog(client: BasetenClient, id: DeploymentId): LogSource {
  const path = `${deploymentPath(id)}/logs`;
  return {
    fetchLines: async (query, signal) =>
      toLogLines(await client.request({ method: "GET", path, query: logParameters(query), signal })),
    fetchStatus: async (signal) => textOf(await fetchDeployment(client, id, { signal }), "status") ?? "",
  };
}
