import type { ServerResponse } from "node:http";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Framer } from "../wire/framer.ts";
import { ClientGone } from "./input.ts";
import type { PumpHooks } from "./pump.ts";
import { streamHeaders } from "./reply.ts";
import { streamToBody, streamToSocket } from "./sinks.ts";
import { type OnLeave, StreamTimeout, openStream, stopStream } from "./stream.ts";

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
  const { source, framer, outgoing, onLeave, requestId, readTimeoutMs = Infinity, onEnd } = answer;
  const keepAliveMs = answer.keepAliveMs ?? defaultKeepAliveMs;
  const speaks = keepAliveMs !== Infinity && framer.keepAlive() !== undefined;
  const waitMs = speaks ? keepAliveMs : headGraceMs;
  const opened = await openStream(source, Math.min(waitMs, readTimeoutMs), onLeave).catch((error: unknown) => {
    onEnd();
    throw error;
  });
  if (opened.outcome === "gone") {
    await stopStream(opened).finally(onEnd);
    throw new ClientGone();
  }
  if (opened.outcome === "late" && readTimeoutMs <= waitMs) {
    void stopStream(opened).finally(onEnd);
    throw new StreamTimeout(readTimeoutMs);
  }
  const headers = streamHeaders(framer.contentType(opened.firstValue), requestId);
  const hooks = { ...answer, keepAliveMs: speaks ? keepAliveMs : undefined };
  if (outgoing === undefined) return new Response(streamToBody(opened, framer, hooks, onLeave), { headers });
  streamToSocket(outgoing, headers, opened, framer, hooks);
  return RESPONSE_ALREADY_SENT;
}
