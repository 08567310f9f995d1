import { type } from "node:os";
import { TrussError, isTrussError } from "../errors.ts";
import { packageVersion } from "../lib/package-root.ts";
import { describeNetworkFailure } from "./network-failure.ts";

/** One HTTP request. What it answers is returned whatever its status; nothing is followed and nothing repeated. */
export interface Exchange {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces are taken as fast as they are sent. */
  readonly body?: string | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
  /**
   * How long the next piece of the body may take to be sent, then the headers to come, then all of the answer. In
   * milliseconds. @default 60_000
   */
  readonly readMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** In bytes. A thousand lines of logs stay far below it. */
const bodyLimit = 32 * 1024 * 1024;
const defaultReadMs = 60_000;

/** Sends one request on a connection of its own, so that none that has died unnoticed is taken. */
export async function exchange(call: Exchange): Promise<Answer> {
  const readMs = call.readMs ?? defaultReadMs;
  const patience = createPatience(readMs);
  const signal = call.signal === undefined ? patience.signal : AbortSignal.any([call.signal, patience.signal]);
  try {
    const response = await fetch(call.url, {
      method: call.method,
      headers: { "user-agent": userAgent(), connection: "close", ...call.headers },
      redirect: "manual",
      signal,
      ...bodyOf(call, patience.renew),
    });
    patience.renew();
    return { status: response.status, headers: response.headers, text: await readText(response, call.url) };
  } catch (error) {
    if (call.signal?.aborted === true) throw call.signal.reason;
    if (isTrussError(error)) throw error;
    // What a body's source throws comes wrapped.
    if (error instanceof Error && isTrussError(error.cause)) throw error.cause;
    throw describeNetworkFailure(error, call.url, patience.signal.aborted ? readMs : undefined);
  } finally {
    patience.end();
  }
}

/** Aborts when it has not been renewed for so long. */
function createPatience(ms: number) {
  const controller = new AbortController();
  const start = () => setTimeout(() => controller.abort(), ms);
  let timer = start();
  const end = () => clearTimeout(timer);
  const renew = () => {
    end();
    timer = start();
  };
  return { signal: controller.signal, renew, end };
}

function bodyOf({ body }: Exchange, onPiece: () => void): RequestInit {
  if (body === undefined || typeof body === "string") return body === undefined ? {} : { body };
  async function* watched(pieces: AsyncIterable<Uint8Array>) {
    for await (const piece of pieces) {
      onPiece();
      yield piece;
    }
  }
  return { body: ReadableStream.from(watched(body)), duplex: "half" };
}

/** Such as `truss-ts/0.1.0 (Node/24.1.0; Linux)`. */
export function userAgent(): string {
  return `truss-ts/${packageVersion()} (Node/${process.versions.node}; ${type()})`;
}

async function readText(response: Response, url: URL): Promise<string> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > bodyLimit) {
      throw new TrussError("API_FAILED", `${url.host} answered with more than ${bodyLimit / 1024 / 1024} MiB.`, {
        exitCode: 6,
      });
    }
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
