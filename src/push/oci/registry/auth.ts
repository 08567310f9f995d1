import { TrussError, exitCodes } from "../../../errors.ts";
import { asString, parseObject } from "../json.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { type HttpAnswer, type HttpRequest, readBody } from "./http.ts";
import { isLoopback } from "./loopback.ts";

/** Gives requests to one registry the header that they need. */
export interface Authorizer {
  /** For the next request; undefined as long as nobody has asked for one. */
  header(): Promise<string | undefined>;
  /** Takes in a 401. False: nothing further can be tried. */
  challenged(header: string): Promise<boolean>;
  /** What must not appear in any message. */
  readonly secrets: () => readonly string[];
}

export interface AuthorizerContext {
  readonly registry: string;
  /** `repository:team/model:pull,push` */
  readonly scopes: readonly string[];
  readonly credentials: () => Promise<Credentials | undefined>;
  readonly send: (request: Omit<HttpRequest, "signal">) => Promise<HttpAnswer>;
}

interface Token {
  readonly value: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** A token is renewed this long before its end. */
const marginMs = 10_000;
/** What the specification assumes where nothing is said. */
const defaultLifeMs = 60_000;

export function createAuthorizer(context: AuthorizerContext): Authorizer {
  let bearer: Challenge | undefined;
  let basic: string | undefined;
  let token: Token | undefined;
  let asking: Promise<Token | undefined> | undefined;
  const secrets = new Set<string>();
  const credentials = once(async () => {
    const found = await context.credentials();
    if (found !== undefined) secrets.add(found.kind === "token" ? found.token : found.password);
    return found;
  });
  /** Several requests at once ask for one token. */
  const renew = (challenge: Challenge) => {
    asking ??= fetchToken(challenge, context, credentials).finally(() => (asking = undefined));
    return asking.then((fresh) => {
      if (fresh !== undefined) secrets.add(fresh.value);
      return (token = fresh);
    });
  };

  return {
    secrets: () => [...secrets],
    async header() {
      if (bearer === undefined) return basic;
      if (token === undefined || token.until - marginMs < Date.now()) await renew(bearer);
      return token && `Bearer ${token.value}`;
    },
    async challenged(text) {
      const challenges = parseChallenges(text);
      const wanted = challenges.find(({ scheme }) => scheme === "bearer");
      if (wanted !== undefined) {
        bearer = wanted;
        return (await renew(wanted)) !== undefined;
      }
      const known = challenges.some(({ scheme }) => scheme === "basic") ? await credentials() : undefined;
      if (known?.kind !== "password") return false;
      basic = basicHeader(known.username, known.password);
      secrets.add(basic.slice("Basic ".length));
      return true;
    },
  };
}

/** The dance of the distribution specification: the registry names a server that hands out tokens. */
async function fetchToken(
  challenge: Challenge,
  context: AuthorizerContext,
  credentials: () => Promise<Credentials | undefined>,
): Promise<Token | undefined> {
  const realm = readRealm(challenge, context.registry);
  const known = await credentials();
  const answer = await context.send(tokenRequest(realm, challenge, context.scopes, known));
  const text = (await readBody(answer, 1 << 20)).toString("utf8");
  if (answer.status === 400 || answer.status === 401 || answer.status === 403) return undefined;
  const found = parseObject(text) ?? {};
  const value = asString(found["token"]) ?? asString(found["access_token"]);
  if (answer.status !== 200 || value === undefined) {
    throw new TrussError(
      "REGISTRY_FAILED",
      `The token server ${realm.host} answered ${answer.status} without a token.`,
      {
        hint: "try again in a while",
        exitCode: exitCodes.platform,
      },
    );
  }
  const life = Number(found["expires_in"]) * 1000;
  return { value, until: Date.now() + (life > 0 ? Math.max(life, marginMs * 2) : defaultLifeMs) };
}

function tokenRequest(
  realm: URL,
  { parameters }: Challenge,
  scopes: readonly string[],
  known: Credentials | undefined,
): Omit<HttpRequest, "signal"> {
  const url = new URL(realm);
  const service = parameters["service"];
  if (known?.kind === "token") {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      ...(service === undefined ? {} : { service }),
      client_id: "truss-ts",
      scope: scopes.join(" "),
      refresh_token: known.token,
    });
    const bytes = Buffer.from(form.toString());
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { method: "POST", url, headers, body: { size: bytes.length, open: () => [bytes] } };
  }
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (known === undefined) return { method: "GET", url, headers: {} };
  return { method: "GET", url, headers: { authorization: basicHeader(known.username, known.password) } };
}

/** Credentials go there, so it must not be read on the way. */
function readRealm({ parameters }: Challenge, registry: string): URL {
  const text = parameters["realm"] ?? "";
  const realm = URL.canParse(text) ? new URL(text) : undefined;
  const plain = realm?.protocol === "http:" && isLoopback(realm.host) && isLoopback(registry);
  if (realm !== undefined && (realm.protocol === "https:" || plain)) return realm;
  throw new TrussError(
    "REGISTRY_REFUSED",
    `${registry} names ${JSON.stringify(text)} as its token server, which is not https.`,
    {
      hint: "credentials are never sent in the clear",
      exitCode: exitCodes.auth,
    },
  );
}

function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}
