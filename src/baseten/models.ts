import { TrussError, exitCodes } from "../errors.ts";
import { type ApiObject, type BasetenClient, isObject } from "./client.ts";
import { suggest } from "../lib/suggest.ts";

export interface Team {
  readonly id: string;
  readonly name: string;
}

export interface Model {
  readonly id: string;
  readonly name: string;
  readonly teamName: string | undefined;
}

/** The team that is meant, by its id or else by its name. Throws API_NOT_FOUND. */
export async function findTeam(client: BasetenClient, wanted: string): Promise<Team> {
  const teams = listOf(await client.request({ method: "GET", path: "/v1/teams" }), "teams").flatMap(toTeam);
  const found = teams.find(({ id }) => id === wanted) ?? teams.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  const names = teams.map(({ name }) => name);
  const meant = suggest(wanted, names);
  throw new TrussError("API_NOT_FOUND", `There is no team ${JSON.stringify(wanted)} for this API key.`, {
    exitCode: exitCodes.notFound,
    hint: meant === undefined ? `the teams are: ${names.join(", ") || "none"}` : `did you mean ${meant}?`,
  });
}

/** The model of this name, if there is one. Where several teams have one, the team must be said: USAGE. */
export async function findModel(client: BasetenClient, name: string, team?: Team): Promise<Model | undefined> {
  const answer = await client.request({
    method: "GET",
    path: team === undefined ? "/v1/models" : `/v1/teams/${encodeURIComponent(team.id)}/models`,
    query: new URLSearchParams({ name }),
  });
  // The platform's filter is younger than its other parts, and may be looser.
  const models = listOf(answer, "models")
    .flatMap(toModel)
    .filter((model) => model.name === name);
  if (models.length <= 1) return models[0];
  const teams = models.map(({ teamName }) => teamName).filter(Boolean);
  throw new TrussError("USAGE", `${models.length} models are called ${JSON.stringify(name)}.`, {
    exitCode: exitCodes.usage,
    hint: `say which team's is meant with --team${teams.length === 0 ? "" : `: ${teams.join(" or ")}`}`,
  });
}

/** The names of the secrets that the workspace has. Asked once: it is only for a warning. */
export async function listSecretNames(client: BasetenClient, signal: AbortSignal): Promise<readonly string[]> {
  const answer = await client.request({ method: "GET", path: "/v1/secrets", repeat: "never", signal });
  return listOf(answer, "secrets").flatMap((secret) => textOf(secret, "name") ?? []);
}

export function listOf(answer: ApiObject, name: string): readonly ApiObject[] {
  const list = answer[name];
  if (Array.isArray(list)) return list.filter(isObject);
  throw new TrussError("API_FAILED", `Baseten's answer has no list of ${name}.`, { exitCode: exitCodes.platform });
}

export function textOf(object: ApiObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function toTeam(team: ApiObject): Team[] {
  const id = textOf(team, "id");
  return id === undefined ? [] : [{ id, name: textOf(team, "name") ?? id }];
}

function toModel(model: ApiObject): Model[] {
  const id = textOf(model, "id");
  const name = textOf(model, "name");
  return id === undefined || name === undefined ? [] : [{ id, name, teamName: textOf(model, "team_name") }];
}
