import type { DeploymentId } from "../../baseten/deployments.ts";
import type { Remote } from "../../baseten/remote.ts";
import type { EndpointReport } from "../../events.ts";

export interface Place {
  readonly remote: Remote;
  readonly modelId: string;
  readonly deploymentId: string;
  readonly isDevelopment: boolean;
  /** The environment that it goes into. */
  readonly environment: string | undefined;
}

export interface Links {
  /** This very deployment's. */
  readonly predictUrl: string;
  readonly logsUrl: string;
  readonly dashboardUrl: string;
  /** What clients should use: an environment keeps its address from push to push. */
  readonly baseUrl: string;
}

export function createLinks({ remote, modelId, deploymentId, isDevelopment, environment }: Place): Links {
  const model = remote.inferenceUrl(modelId);
  const own = isDevelopment ? `${model}/development` : `${model}/deployment/${deploymentId}`;
  return {
    predictUrl: `${own}/predict`,
    logsUrl: `${remote.dashboardUrl}/models/${modelId}/logs/${deploymentId}`,
    dashboardUrl: `${remote.dashboardUrl}/models/${modelId}/overview`,
    baseUrl: environment === undefined ? own : `${model}/environments/${encodeURIComponent(environment)}`,
  };
}

/** What a person wants to click on or copy. */
export function describeLinks(links: Links, endpoints: readonly EndpointReport[]): (readonly [string, string])[] {
  const openAi = endpoints.some(({ path }) => path.startsWith("/v1/") && path !== "/v1/messages");
  const anthropic = endpoints.some(({ path }) => path === "/v1/messages");
  const predict = endpoints.some(({ method }) => method === "predict");
  return [
    ...(predict ? [["Predict", `${links.baseUrl}/predict`] as const] : []),
    ...(openAi ? [["OpenAI base_url", `${links.baseUrl}/sync/v1`] as const] : []),
    ...(anthropic ? [["Anthropic base_url", `${links.baseUrl}/sync`] as const] : []),
    ["Dashboard", links.dashboardUrl],
    ["Logs", links.logsUrl],
  ];
}

/** A line to paste, which takes the key from the environment. */
export function describeCall(links: Links, endpoints: readonly EndpointReport[], name: string): string[] {
  const found =
    endpoints.find(({ method }) => method === "predict") ?? endpoints.find(({ method }) => method in bodies);
  if (found === undefined) return [];
  const body = JSON.stringify(bodies[found.method]?.(name) ?? {}).replaceAll("'", String.raw`'\''`);
  const url = found.method === "predict" ? `${links.baseUrl}/predict` : `${links.baseUrl}/sync${found.path}`;
  return [`curl ${url} -H "Authorization: Bearer $BASETEN_API_KEY" -H "Content-Type: application/json" -d '${body}'`];
}

/** The command that shows the log of a deployment. */
export function describeLog({ modelId, deploymentId }: DeploymentId, remote: string | undefined): string {
  const whose = remote === undefined ? "" : ` --remote ${remote}`;
  return `truss-ts logs --model-id ${modelId} --deployment ${deploymentId} --tail${whose}`;
}

const bodies: Readonly<Record<string, (model: string) => unknown>> = {
  predict: () => ({}),
  chat_completions: (model) => ({ model, messages: [{ role: "user", content: "Hello" }] }),
  completions: (model) => ({ model, prompt: "Hello" }),
  embeddings: (model) => ({ model, input: "Hello" }),
  responses: (model) => ({ model, input: "Hello" }),
  messages: (model) => ({ model, max_tokens: 256, messages: [{ role: "user", content: "Hello" }] }),
};
