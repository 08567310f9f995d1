import { isIP } from "node:net";
import { TrussError, exitCodes } from "../errors.ts";
import type { Variables } from "./folders.ts";

/** The hosts of one Baseten: the public one, a private one, or a stand-in on this machine. */
export interface Remote {
  /** The management API, without a slash at the end: `https://api.baseten.co`. */
  readonly managementUrl: string;
  /** Where people look: `https://app.baseten.co`. */
  readonly dashboardUrl: string;
  /** Where a model answers: `https://model-abc123.api.baseten.co`. */
  readonly inferenceUrl: (modelId: string) => string;
}

/** The public one. */
export const defaultRemoteUrl = "https://app.baseten.co";

const managementOverride = "BASETEN_MANAGEMENT_API_URL_OVERRIDE";
const inferenceOverride = "BASETEN_INFERENCE_BASE_URL_OVERRIDE";

/** Dashboards whose API is not simply at `api.` where they have `app.`. */
const oddApis: Readonly<Record<string, string>> = {
  "https://app.dev.baseten.co": "https://api.mc-dev.baseten.co",
  "http://localhost:8000": "http://api.localhost:8000",
};

/** Works out the hosts from the dashboard's URL, as Truss's files name it; the two overrides win. */
export function resolveRemote(env: Variables, remoteUrl: string = defaultRemoteUrl): Remote {
  const dashboardUrl = readUrl(remoteUrl, "The remote's URL");
  const bare = isBareAddress(dashboardUrl);
  const api = bare ? dashboardUrl : (oddApis[dashboardUrl] ?? dashboardUrl.replace(/:\/\/(app\.)?/, "://api."));
  const managementUrl = overrideOf(env, managementOverride) ?? api;
  const inferenceBase = overrideOf(env, inferenceOverride);
  return {
    managementUrl,
    dashboardUrl,
    inferenceUrl: (modelId) => inferenceBase ?? (bare ? api : modelHost(api, modelId)),
  };
}

/** An address in numbers has no hosts below it. */
function isBareAddress(url: string): boolean {
  return isIP(new URL(url).hostname.replace(/^\[|\]$/g, "")) !== 0;
}

/** An id becomes part of a host's name, and whatever else it might hold would name another host. */
function modelHost(api: string, modelId: string): string {
  if (/^[\w-]+$/.test(modelId)) return api.replace("://", `://model-${modelId}.`);
  throw new TrussError("USAGE", `${JSON.stringify(modelId)} is not a model's id.`, {
    hint: "it is what follows /models/ in the dashboard's address",
    exitCode: exitCodes.usage,
  });
}

function overrideOf(env: Variables, name: string): string | undefined {
  const value = env[name]?.trim() ?? "";
  return value === "" ? undefined : readUrl(value, name);
}

/** Without a slash at the end, so that paths can be put behind it. */
function readUrl(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.username !== "") {
    throw new TrussError("USAGE", `${name} is not a URL of the form https://host.`, { exitCode: exitCodes.usage });
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}
