import { TrussError } from "../errors.ts";

/** Failures of a connection that was never made: nothing has been sent. */
const beforeSending: ReadonlySet<string> = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  // A proxy that makes no tunnel; what we give up ourselves never comes here.
  "UND_ERR_ABORTED",
]);

const words: Readonly<Record<string, string>> = {
  ENOTFOUND: "its name is not known here",
  EAI_AGAIN: "its name could not be looked up",
  ECONNREFUSED: "nothing listens there",
  EHOSTUNREACH: "there is no way to it",
  ENETUNREACH: "there is no network",
  UND_ERR_CONNECT_TIMEOUT: "no connection within 10 s",
  UND_ERR_ABORTED: "the proxy does not let it through",
  ECONNRESET: "the connection broke",
  EPIPE: "the connection broke",
  UND_ERR_SOCKET: "the connection broke",
};

/**
 * An exchange that broke. `sent` is false where it is certain that the server has seen nothing of it.
 * It has no `cause`: what libraries attach may hold headers, and with them the key.
 */
export class NetworkFailure extends TrussError {
  readonly sent: boolean;

  constructor(message: string, sent: boolean, hint?: string) {
    super("NETWORK_FAILED", message, hint === undefined ? {} : { hint });
    this.sent = sent;
  }
}

/** Tells what `fetch` threw in words. `waitedMs`: nothing came for so long that it was given up. */
export function describeNetworkFailure(error: unknown, url: URL, waitedMs?: number): NetworkFailure {
  if (waitedMs !== undefined) {
    return new NetworkFailure(`${url.host} did not answer in full within ${waitedMs / 1000} s.`, true);
  }
  const code = codeOf(error);
  const sent = !beforeSending.has(code) && !isCertificate(code);
  const reason = words[code] === undefined ? code : `${words[code]} (${code})`;
  return new NetworkFailure(`${url.host} cannot be reached: ${reason}.`, sent, hintFor(code, url));
}

/** `fetch` wraps what happened, sometimes more than once; several addresses that failed come as a list. */
function codeOf(error: unknown): string {
  for (let inner: unknown = error, depth = 0; inner instanceof Error && depth < 5; inner = inner.cause, depth++) {
    if ("code" in inner && typeof inner.code === "string" && inner.code !== "") return inner.code;
    if (inner instanceof AggregateError && inner.errors.length > 0) return codeOf(inner.errors[0]);
  }
  return "the connection broke";
}

function isCertificate(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|ERR_SSL|EPROTO/.test(code);
}

function hintFor(code: string, url: URL): string {
  if (isCertificate(code)) return "name your own authority's certificates in NODE_EXTRA_CA_CERTS, and try again";
  const proxy = proxyOf(url);
  if (proxy === undefined) return "check the network, and the address if you have overridden it";
  if (process.env["NODE_USE_ENV_PROXY"] === "1" && takesProxies) return `check ${proxy} and NO_PROXY`;
  return `${proxy} is set, and Node ${process.versions.node} takes it ${howToProxy}`;
}

/** Node 22.21, 24 and later. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const takesProxies = major > 22 || (major === 22 && minor >= 21);
const howToProxy = takesProxies ? "only with NODE_USE_ENV_PROXY=1" : "not at all: use Node 24 and NODE_USE_ENV_PROXY=1";

function proxyOf(url: URL): string | undefined {
  const names = url.protocol === "https:" ? ["HTTPS_PROXY", "https_proxy"] : ["HTTP_PROXY", "http_proxy"];
  return names.find((name) => (process.env[name] ?? "") !== "");
}
