import { TrussError, exitCodes, isTrussError } from "../errors.ts";
import type { Reporter } from "../events.ts";
import { type Asked, describeGarbage, describeRefusal, parseJson } from "./errors.ts";
import { type Clock, systemClock, usualPatienceMs, waitBefore } from "./patience.ts";
import type { Variables } from "./folders.ts";
import { type Remote, resolveRemote } from "./remote.ts";
import { type Secret, faultOfKey } from "./secret.ts";
import { type Answer, type Exchange, exchange } from "./transport.ts";

/** The key to ask with: what `findCredentials` gives. */
export interface KeyHolder {
  readonly key: Pick<Secret, "reveal">;
  /** Where it comes from, as a person knows it: `BASETEN_API_KEY`, `[baseten] in ~/.trussrc`. */
  readonly from: string;
  /** The dashboard of the Baseten that the key is for: `https://app.baseten.co`. */
  readonly remoteUrl: string;
}

export interface ClientOptions {
  readonly credentials: KeyHolder;
  /** @default process.env */
  readonly env?: Variables;
  /** Aborts whatever is under way, with its reason as the error. */
  readonly signal?: AbortSignal | undefined;
  /** Is told of waits. */
  readonly report?: Reporter | undefined;
  readonly clock?: Clock;
}

/** A JSON object that the platform answered; its fields are looked at before use. */
export type ApiObject = Readonly<Record<string, unknown>>;

export interface ApiRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the API's address, parts encoded: `/v1/models`. */
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  /**
   * Whether a try that failed may be followed by another. `never` is for what creates something: a request whose
   * answer was lost may have been carried out. By default GETs are repeated, and others are not.
   */
  readonly repeat?: "while-patient" | "never";
  /** How long a broken connection or a 5xx is tried again, in milliseconds. @default 8_000 */
  readonly patienceMs?: number;
  /** Beside the client's own. */
  readonly signal?: AbortSignal | undefined;
}

export interface BasetenClient {
  readonly remote: Remote;
  /**
   * Throws a `TrussError`: AUTH_REFUSED (exit 3) for 401 and 403, API_NOT_FOUND (4), API_REFUSED (5) for other 4xx,
   * API_FAILED (6) for 5xx, redirects and answers that are not JSON objects, NETWORK_FAILED (1).
   */
  readonly request: (request: ApiRequest) => Promise<ApiObject>;
}

/** A client of Baseten's management API. Makes no request yet. */
export function createClient(options: ClientOptions): BasetenClient {
  const { credentials, env = process.env, report, clock = systemClock } = options;
  const key = requireUsableKey(credentials);
  const remote = resolveRemote(env, credentials.remoteUrl);
  const request = async (request: ApiRequest): Promise<ApiObject> => {
    const asked = { url: urlOf(remote, request), key, source: credentials.from };
    const signal = joinSignals(options.signal, request.signal);
    const call = { ...exchangeFor(request, asked), signal };
    const mayRepeat = (request.repeat ?? (request.method === "GET" ? "while-patient" : "never")) !== "never";
    const end = clock.now() + (request.patienceMs ?? usualPatienceMs);
    for (let times = 1; ; times++) {
      const outcome = await attempt(call);
      const wait = mayRepeat ? waitBefore(outcome, times, end - clock.now()) : undefined;
      if (wait === undefined) return understand(outcome, asked);
      report?.({ event: "note", message: describeWait(outcome, wait) });
      await clock.sleep(wait, signal);
    }
  };
  return { remote, request };
}

/** A key with a line break in it would be quoted in the error of whoever refuses the header. */
function requireUsableKey({ key, from }: KeyHolder): string {
  const value = key.reveal();
  const fault = faultOfKey(value);
  if (fault === undefined) return value;
  throw new TrussError("AUTH_MISSING", `The API key from ${from} ${fault}.`, {
    exitCode: exitCodes.auth,
    hint: "copy it again, without quotes or line breaks",
  });
}

function urlOf(remote: Remote, { path, query }: ApiRequest): URL {
  const url = new URL(`${remote.managementUrl}${path}`);
  if (query !== undefined) url.search = query.toString();
  return url;
}

function joinSignals(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  return one === undefined || other === undefined ? (one ?? other) : AbortSignal.any([one, other]);
}

function exchangeFor({ method, body }: ApiRequest, { url, key }: Asked): Exchange {
  const headers = { authorization: `Bearer ${key}`, accept: "application/json" };
  if (body === undefined) return { method, url, headers };
  return { method, url, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) };
}

async function attempt(call: Exchange): Promise<Answer | TrussError> {
  try {
    return await exchange(call);
  } catch (error) {
    if (call.signal?.aborted !== true && isTrussError(error)) return error;
    throw error;
  }
}

function understand(outcome: Answer | TrussError, asked: Asked): ApiObject {
  if (isTrussError(outcome)) throw outcome;
  if (outcome.status < 200 || outcome.status > 299) throw describeRefusal(outcome, asked);
  const value = outcome.status === 204 ? {} : parseJson(outcome.text);
  if (value === undefined) throw describeGarbage(outcome, asked, "something other than JSON");
  if (!isObject(value)) throw describeGarbage(outcome, asked, "JSON that is not an object");
  return value;
}

function describeWait(outcome: Answer | TrussError, waitMs: number): string {
  const seconds = `${(waitMs / 1000).toFixed(waitMs < 10_000 ? 1 : 0)} s`;
  if (isTrussError(outcome)) return `${outcome.message} Trying again in ${seconds}.`;
  const why = outcome.status === 429 ? "asks for a pause" : "has a problem";
  return `Baseten ${why} (${outcome.status}). Trying again in ${seconds}.`;
}

export function isObject(value: unknown): value is ApiObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
