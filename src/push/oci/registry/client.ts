import type { OutgoingHttpHeaders } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { isTrussError } from "../../../errors.ts";
import type { Reporter } from "../../../events.ts";
import { packageVersion } from "../../../lib/package-root.ts";
import type { Repository } from "../types.ts";
import { type Authorizer, createAuthorizer } from "./auth.ts";
import { findCredentials } from "./credentials.ts";
import { type Purpose, refusal, unreachable } from "./failures.ts";
import { type HttpAnswer, type HttpBody, type HttpRequest, headerOf, readBody, sendHttp } from "./http.ts";
import { isLoopback } from "./loopback.ts";

/** One repository of a registry, for one purpose; asks for credentials only when it must. */
export interface RepositoryClient {
  readonly repository: Repository;
  /** Sends until there is an answer to go by: redirects are followed, passing trouble is waited out. */
  ask(request: Ask): Promise<HttpAnswer>;
  /** The error that an answer stands for. */
  refused(answer: HttpAnswer): Promise<Error>;
}

export interface Ask {
  readonly method: HttpRequest["method"];
  /** Below `/v2/NAME/`, or an address that the registry gave. */
  readonly to: string | URL;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: HttpBody;
  readonly onSent?: (bytes: number) => void;
  /** How often passing trouble is waited out. @default 4 */
  readonly retries?: number;
}

export interface ClientContext {
  readonly report: Reporter;
  readonly signal: AbortSignal;
}

const maxRedirects = 5;
/** The longest wait that a registry may ask for, in milliseconds. */
const longestWaitMs = 60_000;

export function createRepositoryClient(
  repository: Repository,
  doing: Purpose["doing"],
  context: ClientContext,
  /** Further scopes, for content that comes from a sister repository. */
  scopes: readonly string[] = [],
): RepositoryClient {
  const { signal, report } = context;
  const actions = doing === "push to" ? "pull,push" : "pull";
  const authorizer = createAuthorizer({
    registry: repository.registry,
    scopes: [`repository:${repository.name}:${actions}`, ...scopes],
    credentials: () => findCredentials(repository, report),
    send: (request) => patiently({ ...request, signal }, 4),
  });
  const purpose = { repository, doing };
  let origin: Promise<string> | undefined;
  const toUrl = async (to: string | URL) => {
    origin ??= findOrigin(repository.registry, signal);
    return to instanceof URL ? to : new URL(`${await origin}/v2/${repository.name}/${to}`);
  };
  return {
    repository,
    refused: (answer) => refusal(answer, purpose, authorizer.secrets()),
    async ask({ to, retries = 4, ...ask }) {
      try {
        const home = new URL(await toUrl(""));
        return await authorized(
          authorizer,
          home,
          { ...ask, headers: ask.headers ?? {}, url: await toUrl(to), signal },
          retries,
        );
      } catch (cause) {
        signal.throwIfAborted();
        throw isTrussError(cause) || !isNetworkError(cause) ? cause : unreachable(cause, purpose);
      }
    },
  };
}

/** Sends with what the registry wants to see, and again where it says that this was not it. */
async function authorized(
  authorizer: Authorizer,
  home: URL,
  request: HttpRequest,
  retries: number,
): Promise<HttpAnswer> {
  let url = request.url;
  let redirects = 0;
  for (let refusals = 0; ;) {
    // Credentials are for the registry alone: not for where it keeps its blobs.
    const authorization = url.origin === home.origin ? await authorizer.header() : undefined;
    const headers = { "user-agent": `truss-ts/${packageVersion()}`, ...request.headers };
    const sent = { ...request, url, headers: authorization === undefined ? headers : { ...headers, authorization } };
    const answer = await patiently(sent, retries);
    const next = redirectOf(answer, url);
    if (next !== undefined && redirects++ < maxRedirects) {
      answer.body.resume();
      url = next;
      continue;
    }
    const challenge =
      answer.status === 401 && url.origin === home.origin ? headerOf(answer, "www-authenticate") : undefined;
    if (challenge === undefined || refusals++ > 0 || !(await authorizer.challenged(challenge))) return answer;
    answer.body.resume();
  }
}

function redirectOf({ status, headers }: HttpAnswer, from: URL): URL | undefined {
  const location = headers.location;
  if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  const next = new URL(location, from);
  const safe =
    next.protocol === "https:" || (next.protocol === "http:" && from.protocol === "http:" && isLoopback(next.host));
  return safe ? next : undefined;
}

/** Waits out what passes: a lost connection, a registry that is busy or out of order. */
async function patiently(request: HttpRequest, retries: number): Promise<HttpAnswer> {
  for (let attempt = 0; ; attempt++) {
    let asked: number | undefined;
    try {
      const answer = await sendHttp(request);
      if (!isPassing(answer.status) || attempt >= retries) return answer;
      asked = readRetryAfter(headerOf(answer, "retry-after"));
      answer.body.destroy();
    } catch (error) {
      request.signal.throwIfAborted();
      if (!isPassingError(error) || attempt >= retries) throw error;
    }
    await backOff(attempt, request.signal, asked);
  }
}

/** Longer each time, and never the same for two. */
export async function backOff(attempt: number, signal: AbortSignal, asked?: number): Promise<void> {
  const own = 250 * 2 ** attempt * (0.5 + Math.random());
  await wait(Math.min(asked ?? own, longestWaitMs), undefined, { signal });
}

function isPassing(status: number): boolean {
  return status === 429 || status === 408 || status === 500 || (status >= 502 && status <= 504);
}

const passingCodes: ReadonlySet<unknown> = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT", "EAI_AGAIN", "ECONNABORTED"]);

export function isPassingError(error: unknown): boolean {
  return error instanceof Error && "code" in error && passingCodes.has(error.code);
}

function isNetworkError(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    /^(E[A-Z]+|ERR_(SSL|TLS)|HPE_|CERT|SELF|DEPTH|UNABLE)/.test(String(error.code))
  );
}

/** Seconds or a date; in milliseconds from now. */
function readRetryAfter(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
}

/** Where a registry is: by https, but on this machine, where most have no certificate. */
async function findOrigin(registry: string, signal: AbortSignal): Promise<string> {
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  if (!isLoopback(registry)) return `https://${host}`;
  const speaksTls = await answersPlainly(new URL(`http://${host}/v2/`), signal).then((plain) => !plain);
  return speaksTls ? `https://${host}` : `http://${host}`;
}

async function answersPlainly(url: URL, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await sendHttp({ method: "GET", url, headers: {}, signal });
    const text = (await readBody(answer, 4096)).toString("utf8");
    return answer.status !== 400 || !/https/i.test(text);
  } catch (error) {
    signal.throwIfAborted();
    // Nobody is there, or somebody who does not know what this was.
    return !(error instanceof Error && "code" in error && /^(ECONNRESET|HPE_)/.test(String(error.code)));
  }
}
