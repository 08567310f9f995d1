import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { TrussError } from "../../errors.ts";
import { userAgent } from "../transport.ts";

export interface Call {
  readonly method: "GET" | "POST";
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

/** An answer whose body has yet to be read; reading it throws a `TrussError` where the connection breaks. */
export interface ModelAnswer {
  readonly status: number;
  /** `200 OK`. */
  readonly statusText: string;
  /** The media type alone, in lower case. */
  readonly type: string;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Sends one request and waits for the head of its answer for as long as it takes: models may be slow. Nothing is
 * repeated, and a redirect is not followed, since a key might go with it.
 *
 * @throws TrussError NETWORK_FAILED, and the signal's reason
 */
export async function callModel(call: Call): Promise<ModelAnswer> {
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = open(call);
    outgoing.once("response", resolve);
    outgoing.on("error", reject);
    outgoing.end(call.body);
  }).catch((error: unknown) => {
    call.signal.throwIfAborted();
    throw describeFailure(error, call.url);
  });
  const status = incoming.statusCode ?? 0;
  const [type = ""] = (incoming.headers["content-type"] ?? "").split(";");
  return {
    status,
    statusText: `${status} ${incoming.statusMessage ?? ""}`.trim(),
    type: type.trim().toLowerCase(),
    body: readBody(incoming, call),
  };
}

function open({ method, url, headers, body, signal }: Call): ClientRequest {
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  const length = body === undefined ? {} : { "content-length": String(body.length) };
  const own = { "user-agent": userAgent(), accept: "*/*", ...length };
  try {
    return request(url, { method, headers: { ...own, ...headers }, signal, agent: false });
  } catch (error) {
    // Node quotes no header's value, but a message of ours says which one is meant.
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new TrussError("NETWORK_FAILED", `A header cannot be sent (${reason}).`, { hint: "look at --header" });
  }
}

async function* readBody(incoming: IncomingMessage, { url, signal }: Call): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of incoming) yield chunk as Buffer;
  } catch (error) {
    signal.throwIfAborted();
    const code = codeOf(error);
    throw new TrussError("NETWORK_FAILED", `The answer of ${url.host} broke off in the middle (${code}).`, {
      hint: "what came before is not the whole answer; the server's log may tell why",
    });
  }
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "its name is not known here",
  EAI_AGAIN: "its name could not be looked up",
  ECONNRESET: "the connection broke before there was an answer",
  EPIPE: "the connection broke before there was an answer",
};

function describeFailure(error: unknown, url: URL): TrussError {
  const code = codeOf(error);
  const here = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  const reason = words[code] === undefined ? code : `${words[code]} (${code})`;
  const hint =
    code === "ECONNREFUSED" && here
      ? "start the model with truss-ts dev, or say where it is: --url, or --environment for a deployed one"
      : "check the address";
  return new TrussError("NETWORK_FAILED", `${url.host} cannot be reached: ${reason}.`, { hint });
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown error";
}
