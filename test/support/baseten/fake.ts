/**
 * A Baseten on loopback: the management API as its OpenAPI document and the official clients describe it, with
 * s3rver behind it. It stands for what cannot be had in a test, the real platform, and shows only that we keep to the
 * protocol as it is known; that the platform keeps to it is not shown by it.
 *
 * It is strict: a wrong header, key, order or archive is a complaint, and a test ends by asking for complaints.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isDeepStrictEqual } from "node:util";
import { type Unpacked, inspectArchive } from "./archive.ts";
import { type Fault, type Seen, answerJson, createFaults, listen, readBody } from "./http.ts";
import { type Json, findFault, isRecord } from "./rules.ts";
import { bucket, startS3, uploadCreds } from "./s3.ts";

export const apiKey = "canary-api-key.Zq3vT9rLw1xYb7Nd";

export interface FakeModel {
  readonly id: string;
  readonly name: string;
  readonly team?: string;
}

export interface Scenario {
  readonly models?: readonly FakeModel[];
  readonly teams?: readonly { readonly id: string; readonly name: string }[];
  readonly secrets?: readonly string[];
  /** What each look at the deployment finds; the last one stays. */
  readonly statuses?: readonly string[];
  /** How many looks do not find it at first. */
  readonly notFound?: number;
  /** Lines of the log; each look at it finds one more. */
  readonly log?: readonly string[];
  readonly s3Key?: string;
}

interface Prepared {
  readonly deployment: Json;
  readonly path: string;
}

export async function startBaseten(scenario: Scenario = {}) {
  const complaints: string[] = [];
  const complain = (text: string) => void complaints.push(text);
  const s3 = await startS3(complain);
  const faults = createFaults();
  const seen: Seen[] = [];
  const state = { prepared: undefined as Prepared | undefined, commits: 0, looks: 0, logLooks: 0 };
  const archives: (readonly Unpacked[])[] = [];
  const s3Key = scenario.s3Key ?? "uploads/a b+c/test-key.tar";
  const models = scenario.models ?? [];

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const fault = faults.take(request);
    if (fault !== undefined) {
      seen.push({ method: request.method ?? "", target: request.url ?? "", headers: request.headers, body: "" });
      return fault(request, response);
    }
    const body = await readBody(request);
    const { method = "", url: target = "", headers } = request;
    seen.push({ method, target, headers, body });
    checkHeaders(request, complain);
    if (headers.authorization !== `Bearer ${apiKey}`) return answerJson(response, 401, { message: "Invalid API key" });
    const [status, answer] = await respond(
      method,
      new URL(target, "http://x"),
      body === "" ? undefined : JSON.parse(body),
    );
    return answerJson(response, status, answer);
  };

  const respond = async (
    method: string,
    { pathname, searchParams }: URL,
    body: unknown,
  ): Promise<[number, unknown]> => {
    const route = `${method} ${pathname}`;
    if (route === "GET /v1/users/me") return [200, { user_id: "u1", email: "a@b.c", name: "A", workspace_name: "w" }];
    if (route === "GET /v1/teams") return [200, { teams: scenario.teams ?? [] }];
    if (route === "GET /v1/secrets") return [200, { secrets: (scenario.secrets ?? []).map((name) => ({ name })) }];
    const list = /^GET \/v1(?:\/teams\/([^/]+))?\/models$/.exec(route);
    if (list !== null) return [200, { models: listModels(list[1], searchParams.get("name")) }];
    if (route === "POST /v1/prepare_model_upload") return prepare(pathname, body);
    if (method === "POST" && /^\/v1(\/teams\/[^/]+)?\/models$/.test(pathname))
      return commit(pathname, "model-new", body);
    const push = /^POST \/v1\/models\/([^/]+)\/deployments$/.exec(route);
    if (push !== null) return commit(pathname, push[1] ?? "", body);
    if (/^POST \/v1\/models\/[^/]+\/environments\/[^/]+\/promote$/.test(route))
      return [200, deploymentOf("model-1", "ACTIVE")];
    const look = /^GET \/v1\/models\/([^/]+)\/deployments\/deployment-1(\/logs)?$/.exec(route);
    if (look !== null && state.commits > 0)
      return look[2] === undefined ? lookAt(look[1] ?? "") : readLog(searchParams);
    return [404, { message: `there is no ${route}` }];
  };

  const listModels = (teamId: string | undefined, name: string | null) => {
    const team = scenario.teams?.find(({ id }) => id === teamId)?.name;
    const inTeam = models.filter((model) => teamId === undefined || model.team === team);
    // The real filter may be loose, and so this one is.
    const found = inTeam.filter((model) => name === null || model.name.startsWith(name));
    return found.map(({ id, name, team }) => ({ id, name, team_name: team ?? null, deployments_count: 1 }));
  };

  const prepare = (path: string, body: unknown): [number, unknown] => {
    const fault = findFault(path, body);
    if (fault !== undefined || !isRecord(body)) return [422, { message: fault }];
    if ("model_id" in body && !models.some(({ id }) => id === body["model_id"]))
      return [404, { message: "no such model" }];
    if (body["dry_run"] === true) return [200, { creds: null, s3_bucket: null, s3_key: null, s3_region: null }];
    const home = "model_id" in body ? `/v1/models/${String(body["model_id"])}/deployments` : "/models";
    state.prepared = { deployment: body["deployment"] as Json, path: home };
    return [200, { creds: uploadCreds, s3_bucket: bucket, s3_key: s3Key, s3_region: "us-west-2" }];
  };

  const commit = async (path: string, modelId: string, body: unknown): Promise<[number, unknown]> => {
    const fault = findFault(path, body);
    if (fault !== undefined || !isRecord(body)) return [422, { message: fault }];
    const source = body["source"] as Json;
    const archive = await s3.read(String(source["s3_key"]));
    if (state.prepared === undefined) complain("committed before anything was prepared");
    else {
      if (!path.endsWith(state.prepared.path)) complain(`prepared for ${state.prepared.path}, committed to ${path}`);
      if (!isDeepStrictEqual(source["deployment"], state.prepared.deployment))
        complain("prepared and committed differ");
    }
    if (source["s3_key"] !== s3Key) complain("committed another key than the one prepared");
    if (archive === undefined) return [400, { message: "the archive is not there" }];
    archives.push(await inspectArchive(archive, String((source["deployment"] as Json)["raw_config"]), complain));
    state.commits += 1;
    const deployment = deploymentOf(modelId, "BUILDING");
    return [200, { model: { id: modelId, name: source["name"] ?? "model" }, deployment }];
  };

  const lookAt = (modelId: string): [number, unknown] => {
    state.looks += 1;
    const index = state.looks - 1 - (scenario.notFound ?? 0);
    if (index < 0) return [404, { message: "deployment not found" }];
    const statuses = scenario.statuses ?? ["ACTIVE"];
    return [200, deploymentOf(modelId, statuses[Math.min(index, statuses.length - 1)] ?? "ACTIVE")];
  };

  const readLog = (query: URLSearchParams): [number, unknown] => {
    state.logLooks += 1;
    const lines = (scenario.log ?? []).slice(0, state.logLooks).map((message, index) => {
      return { timestamp: `${BigInt(madeAt + index) * 1_000_000n}`, message, replica: "abcde", level: "INFO" };
    });
    const start = Number(query.get("start_epoch_millis") ?? 0);
    const wanted = lines.filter(({ timestamp }) => Number(BigInt(timestamp) / 1_000_000n) >= start);
    return [200, { logs: query.get("direction") === "asc" ? wanted : wanted.toReversed() }];
  };

  const api = await listen((request, response) => void handle(request, response));
  return {
    url: api.url,
    s3,
    seen,
    complaints,
    archives,
    state,
    /** `POST /v1/models`, with a star for anything. */
    fault: (route: string, fault: Fault, times?: number) => faults.add(route, fault, times),
    /** Method and path of each request so far. */
    routes: () => seen.map(({ method, target }) => `${method} ${target.split("?", 1)[0]}`),
    env: {
      BASETEN_API_KEY: apiKey,
      BASETEN_MANAGEMENT_API_URL_OVERRIDE: api.url,
      BASETEN_INFERENCE_BASE_URL_OVERRIDE: `${api.url}/inference`,
      TRUSS_TS_S3_ENDPOINT: s3.url,
    },
    close: async () => {
      api.close();
      await s3.close();
    },
  };
}

/** Logs are looked through for a week only. */
const madeAt = Date.now();

function deploymentOf(modelId: string, status: string) {
  return {
    id: "deployment-1",
    created_at: new Date(madeAt).toISOString(),
    name: "deployment-1",
    model_id: modelId,
    is_production: false,
    is_development: false,
    status,
    active_replica_count: status === "ACTIVE" ? 1 : 0,
    autoscaling_settings: null,
    instance_type_name: "1x2",
    environment: null,
  };
}

function checkHeaders({ method = "", url = "", headers }: IncomingMessage, complain: (text: string) => void): void {
  const agent = /^truss-ts\/\d+\.\d+\.\d+ \(Node\/\d+\.\d+\.\d+; \w+\)$/;
  if (!agent.test(headers["user-agent"] ?? "")) complain(`${method} ${url} is from ${headers["user-agent"]}`);
  if (method === "POST" && headers["content-type"] !== "application/json") complain(`${method} ${url} is not JSON`);
  if (method === "POST" && headers["content-length"] === undefined) complain(`${method} ${url} has no length`);
}
