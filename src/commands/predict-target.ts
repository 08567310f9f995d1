import {
  type Place,
  isBasetenUrl,
  joinRoute,
  localUrl,
  parseBase,
  placeUrl,
  routeOf,
  splitRoute,
} from "../baseten/predict/target.ts";
import { TrussError, exitCodes } from "../errors.ts";
import { type Account, type Job, openAccount } from "./account.ts";
import { findModelId, nameOf } from "./project-model.ts";

export interface TargetFlags {
  readonly endpoint?: string;
  readonly url?: string;
  readonly environment?: string;
  readonly deployment?: string;
  /** `--deployment` by the name that `logs` and Truss have for it. */
  readonly deploymentId?: string;
  readonly development?: boolean;
  readonly modelId?: string;
  readonly modelName?: string;
  readonly remote?: string;
  readonly withKey?: boolean;
  readonly header?: Readonly<Record<string, string>>;
}

/** Where a call goes. */
export interface CallTarget {
  /** What routes are put behind. */
  readonly base: URL;
  /** The address itself, where it is certain already. */
  readonly url?: URL;
  /** Whose key is sent along; absent: none is. */
  readonly account?: Account;
  readonly deployed: boolean;
}

const placeFlags = ["environment", "deployment", "deploymentId", "development", "modelId", "modelName"] as const;

/** Refuses what cannot go together, before anything is read or asked. */
export function checkTarget(flags: TargetFlags): void {
  if (flags.endpoint !== undefined) routeOf(flags.endpoint);
  const places = placeFlags.filter((name) => flags[name] !== undefined);
  if (flags.url !== undefined) {
    parseBase(flags.url);
    if (places.length > 0) throw usage("--url already says where to call.", `leave ${flagOf(places[0])} out`);
  }
  for (const group of [
    ["environment", "deployment", "deploymentId", "development"],
    ["modelId", "modelName"],
  ] as const) {
    const [one, other] = group.filter((name) => flags[name] !== undefined);
    if (other !== undefined) throw usage(`${flagOf(one)} and ${flagOf(other)} exclude each other.`, "give one of them");
  }
}

/** Works out where to call: the local server unless a flag says otherwise. */
export async function findTarget(job: Job, dir: string, flags: TargetFlags): Promise<CallTarget> {
  if (placeFlags.some((name) => flags[name] !== undefined)) return findDeployed(job, dir, flags);
  const given = parseBase(flags.url ?? localUrl);
  const whole = splitRoute(given);
  const route = flags.endpoint === undefined ? whole?.route : routeOf(flags.endpoint);
  if (whole !== undefined && whole.route !== route)
    throw usage(`--url already names ${whole.route}.`, "leave --endpoint out");
  const base = whole?.base ?? given;
  const url = whole === undefined ? route && joinRoute(base, route) : given;
  return { base, ...(url ? { url } : {}), ...keyFor(job, base, flags), deployed: false };
}

/** A key is sent unasked to Baseten alone, and not where another is given. */
function keyFor(job: Job, base: URL, { withKey, header, remote }: TargetFlags): { readonly account?: Account } {
  if (header?.["authorization"] !== undefined) return {};
  const known = isBasetenUrl(base, process.env["BASETEN_INFERENCE_BASE_URL_OVERRIDE"]);
  return known || withKey === true ? { account: openAccount(job, remote) } : {};
}

async function findDeployed(job: Job, dir: string, flags: TargetFlags): Promise<CallTarget> {
  const name = flags.modelId === undefined ? (flags.modelName ?? (await nameOf(dir))) : undefined;
  const account = openAccount(job, flags.remote);
  const id = flags.modelId ?? (await findModelId(account, name ?? ""));
  const base = placeUrl(account.client.remote.inferenceUrl(id), placeOf(flags));
  return { base, url: joinRoute(base, routeOf(flags.endpoint ?? "predict")), account, deployed: true };
}

function placeOf({ environment, deployment, deploymentId, development }: TargetFlags): Place {
  const id = deployment ?? deploymentId;
  if (id !== undefined) return { kind: "deployment", id };
  return development === true ? { kind: "development" } : { kind: "environment", name: environment ?? "production" };
}

function flagOf(name: string | undefined): string {
  return `--${(name ?? "").replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function usage(message: string, hint: string): TrussError {
  return new TrussError("USAGE", message, { hint, exitCode: exitCodes.usage });
}
