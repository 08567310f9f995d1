import type { Family } from "../model/endpoints.ts";
import { modelObject, pageOf } from "../wire/models.ts";
import type { Fields } from "../wire/messages-from/form.ts";
import type { AddRoute, AppOptions } from "./app.ts";
import { modelIdOf, modelPath, readyPath } from "./paths.ts";
import { errorResponse, jsonResponse, notReady } from "./reply.ts";

/** `GET /v1/models` and `GET /v1/models/{id}` for both families, and readiness, which Truss has at the latter. */
export function addModelRoutes(route: AddRoute, { host, modelNames = ["model"] }: AppOptions): void {
  const since = new Date();
  const models = new Map(modelNames.map((id) => [id, modelObject(id, since) as Fields]));

  const answerFor = async (id: string | undefined, requestId: string) => {
    const healthy = host.state === "ready" && (await host.isHealthy());
    return healthy ? jsonResponse((id !== undefined && models.get(id)) || {}, requestId) : notReady("json", requestId);
  };
  route("GET", "/v1/models", (request, requestId) => {
    const query = new URL(request.url).searchParams;
    return jsonResponse(pageOf([...models.values()], query, models.size), requestId);
  });
  route("GET", readyPath, (request, requestId) => {
    const id = modelIdOf(new URL(request.url).pathname);
    if (id === undefined || id === "model" || models.has(id) || isProbe(request)) return answerFor(id, requestId);
    return unknownModel(id, request, requestId);
  });
  route("GET", modelPath, (request, requestId) => {
    const id = modelIdOf(new URL(request.url).pathname) ?? "";
    return models.has(id) ? answerFor(id, requestId) : unknownModel(id, request, requestId);
  });
}

/** Truss answers probes under any name. The SDKs' clients, who ask for a model, bring a key or their API's version. */
function isProbe({ headers }: Request): boolean {
  return ["authorization", "x-api-key", "anthropic-version"].every((name) => !headers.has(name));
}

function unknownModel(id: string, request: Request, requestId: string): Response {
  const family: Family = request.headers.has("anthropic-version") ? "anthropic" : "openai";
  const error = { status: 404, message: `There is no model ${id} here`, code: "model_not_found", param: "model" };
  return errorResponse(family, error, requestId, "700");
}
