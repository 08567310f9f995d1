import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as plainRequest,
} from "node:http";
import { request as secureRequest } from "node:https";

/** What is sent with a request; opened anew for each attempt. */
export interface HttpBody {
  /** Bytes. */
  readonly size: number;
  readonly open: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: HttpBody;
  /** Called with the number of bytes of the body that have gone out so far. */
  readonly onSent?: (bytes: number) => void;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Must be read or destroyed. */
  readonly body: IncomingMessage;
  readonly url: URL;
}

/** How long nothing may come or go, in milliseconds: a registry takes its time over a large blob. */
const silenceMs = 120_000;

/**
 * One request, without redirects or retries. Node's fetch would not do: it can neither send a stream again after a
 * redirect nor hear a refusal before the whole body is sent.
 */
export async function sendHttp(request: HttpRequest): Promise<HttpAnswer> {
  const { method, url, headers, body, signal } = request;
  const send = url.protocol === "https:" ? secureRequest : plainRequest;
  const length = body === undefined ? {} : { "content-length": String(body.size) };
  const outgoing = send(url, { method, headers: { ...headers, ...length }, signal });
  outgoing.setTimeout(silenceMs, () => {
    outgoing.destroy(Object.assign(new Error(`nothing was heard for ${silenceMs / 1000} s`), { code: "ETIMEDOUT" }));
  });
  let early = false;
  const answered = new Promise<HttpAnswer>((resolve, reject) => {
    outgoing.once("error", reject);
    outgoing.once("response", (message) => {
      early = true;
      resolve({ status: message.statusCode ?? 0, headers: message.headers, body: message, url });
    });
  });
  // The writing side hears of it by itself, and might do so later.
  answered.catch(() => undefined);
  const whole = await writeBody(outgoing, request, answered, () => early);
  const answer = await answered;
  // Whatever was still being sent, or comes after the answer, is nobody's error any more.
  outgoing.on("error", () => undefined);
  if (!whole) answer.body.once("end", () => outgoing.destroy());
  return answer;
}

/** False: an answer came first, and the rest was not sent. */
async function writeBody(
  outgoing: ClientRequest,
  { body, onSent }: HttpRequest,
  answered: Promise<unknown>,
  isEarly: () => boolean,
): Promise<boolean> {
  let sent = 0;
  try {
    for await (const chunk of body?.open() ?? []) {
      if (isEarly() || outgoing.destroyed) return false;
      const goesOn = outgoing.write(chunk);
      sent += chunk.length;
      onSent?.(sent);
      if (!goesOn) await Promise.race([drained(outgoing), answered]);
    }
  } catch (error) {
    outgoing.destroy();
    throw error;
  }
  outgoing.end();
  return true;
}

function drained(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      outgoing.off("drain", settle).off("close", settle);
      resolve();
    };
    outgoing.on("drain", settle).on("close", settle);
  });
}

/** Whole, up to a limit in bytes; what is more is cut off. */
export async function readBody({ body }: HttpAnswer, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

export function headerOf({ headers }: HttpAnswer, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
