import type { ServerResponse } from "node:http";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Framer } from "../wire/framer.ts";
import { either } from "./deadline.ts";
import { ClientGone } from "./input.ts";
import { boundTimer } from "./limits.ts";
import type { PumpHooks } from "./pump.ts";
import { streamHeaders } from "./reply.ts";
import { streamToBody, streamToSocket } from "./sinks.ts";
import { type OnLeave, type OpenedStream, openStream, stopStream } from "./stream.ts";

export interface StreamAnswer extends PumpHooks {
  readonly source: AsyncIterable<unknown> | Iterable<unknown>;
  readonly framer: Framer;
  /** Where there is a socket. */
  readonly outgoing: ServerResponse | undefined;
  readonly onLeave: OnLeave;
  readonly requestId: string;
}

/** How often a silent stream shows that it lives. Proxies give up after 30 s and more. Milliseconds. */
const defaultKeepAliveMs = 15_000;
/** A stream that cannot say that it lives shows it by its head. Milliseconds. */
const headGraceMs = 500;

/**
 * Answers with a stream. Its status is settled by the first item, or by the first sign of life that is due before it:
 * until then what the generator throws is thrown here, to become a status of its own.
 */
export async function answerStream(answer: StreamAnswer): Promise<Response> {
  const { framer, outgoing, onLeave, requestId, onEnd } = answer;
  const keepAliveMs = answer.keepAliveMs ?? defaultKeepAliveMs;
  const speaks = keepAliveMs !== Infinity && framer.keepAlive() !== undefined;
  const waitMs = speaks ? keepAliveMs : headGraceMs;
  const opened = await open(answer, waitMs).catch((error: unknown) => {
    onEnd();
    throw error;
  });
  if (opened.outcome === "gone") {
    await stopStream(opened).finally(onEnd);
    throw new ClientGone();
  }
  const headers = streamHeaders(framer.contentType(opened.firstValue), requestId);
  const hooks = { ...answer, keepAliveMs: speaks ? keepAliveMs : undefined };
  if (outgoing === undefined) return new Response(streamToBody(opened, framer, hooks, onLeave), { headers });
  streamToSocket(outgoing, headers, opened, framer, hooks);
  return RESPONSE_ALREADY_SENT;
}

/** Neither the client's leaving nor the end of the time is slept through. */
async function open(answer: StreamAnswer, waitMs: number): Promise<OpenedStream> {
  const { source, onLeave, deadline, readTimeoutMs = Infinity } = answer;
  const silence = readTimeoutMs <= waitMs ? setTimeout(deadline.silent, readTimeoutMs) : undefined;
  try {
    return await openStream(
      source,
      Number.isFinite(waitMs) ? boundTimer(waitMs) : undefined,
      either(onLeave, deadline),
    );
  } finally {
    clearTimeout(silence);
  }
}
