import { type BasetenClient, isObject } from "./client.ts";
import { logParameters, toLogLines } from "./log-lines.ts";
import type { LogSource } from "./logs.ts";
import { textOf } from "./models.ts";

export interface EnvironmentId {
  readonly modelId: string;
  /** `production`, or one of the user's own. */
  readonly environment: string;
}

/** The log of an environment, whichever deployments have served it. Its status is that of the one that does now. */
export function createEnvironmentLog(client: BasetenClient, { modelId, environment }: EnvironmentId): LogSource {
  const home = `/v1/models/${encodeURIComponent(modelId)}/environments/${encodeURIComponent(environment)}`;
  return {
    fetchLines: async (query, signal) =>
      toLogLines(await client.request({ method: "GET", path: `${home}/logs`, query: logParameters(query), signal })),
    fetchStatus: async (signal) => {
      const { current_deployment: current } = await client.request({ method: "GET", path: home, signal });
      return isObject(current) ? (textOf(current, "status") ?? "") : "";
    },
  };
}
