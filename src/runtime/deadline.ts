import type { ServerResponse } from "node:http";
import { boundTimer } from "./limits.ts";
import type { OnLeave } from "./stream.ts";

/** Bounds of one request, in milliseconds. */
export interface TimeLimits {
  /** From its coming to the end of its answer. @default none */
  readonly requestTimeoutMs?: number | undefined;
  /** Longest silence of a stream. @default none */
  readonly readTimeoutMs?: number | undefined;
}

/** A bound of config.yaml was overstepped; the message is fit for clients. */
export class TimeOver extends Error {
  override readonly name = "TimeOver";
}

/** The end that a request's work has been set. */
export interface Deadline {
  /** False where nothing is bounded: then it never passes. */
  readonly bounded: boolean;
  /** Set once the time is over. */
  readonly passed: TimeOver | undefined;
  /** For the model: aborts when the time is over, and when the client leaves. Made only when somebody looks at it. */
  signal(): AbortSignal;
  /** Tells once when the time is over, at once where it is; answers with how to stop listening. */
  onPass(listener: (error: TimeOver) => void): () => void;
  /** The stream has been silent for too long: the time is over now. */
  silent(): void;
  /** The answer has ended. */
  stop(): void;
}

export function createDeadline(request: Request, { requestTimeoutMs, readTimeoutMs }: TimeLimits): Deadline {
  if (requestTimeoutMs === undefined && readTimeoutMs === undefined) return endless(request);
  const listeners = new Set<(error: TimeOver) => void>();
  let controller: AbortController | undefined;
  let passed: TimeOver | undefined;
  let stopped = false;

  const pass = (message: string) => {
    if (stopped || passed !== undefined) return;
    passed = new TimeOver(message);
    controller?.abort(passed);
    for (const listener of listeners) listener(passed);
  };
  const inSeconds = (ms = 0) => `${ms / 1000} s`;
  const timeOut = () => pass(`the request took longer than ${inSeconds(requestTimeoutMs)} (runtime.request_timeout)`);
  const timer = requestTimeoutMs === undefined ? undefined : setTimeout(timeOut, boundTimer(requestTimeoutMs)).unref();
  return {
    bounded: true,
    get passed() {
      return passed;
    },
    signal() {
      controller ??= follow(request.signal);
      if (passed !== undefined) controller.abort(passed);
      return controller.signal;
    },
    onPass(listener) {
      if (passed !== undefined) listener(passed);
      else listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    silent: () => pass(`the stream was silent for ${inSeconds(readTimeoutMs)} (runtime.streaming_read_timeout)`),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function endless(request: Request): Deadline {
  const nothing = () => undefined;
  const signal = () => request.signal;
  return { bounded: false, passed: undefined, signal, onPass: () => nothing, silent: nothing, stop: nothing };
}

/** A controller whose signal aborts with another one. */
function follow(signal: AbortSignal): AbortController {
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return controller;
}

/** Tells when the client leaves, and when the time is over. */
export function either(onLeave: OnLeave, deadline: Deadline): OnLeave {
  if (!deadline.bounded) return onLeave;
  return (listener) => {
    const unlisten = [onLeave(listener), deadline.onPass(listener)];
    return () => unlisten.forEach((stop) => stop());
  };
}

/** How long a client may take to read what was written before the time was over. Milliseconds. */
const lastBytesMs = 2_000;

/**
 * What the work answers, or `late` where the time is over first. Then the work is not waited for, and the connection
 * ends soon, whether its client reads or not.
 */
export function answerInTime(
  deadline: Deadline,
  outgoing: ServerResponse | undefined,
  work: Promise<Response>,
  late: (error: TimeOver) => Response,
): Promise<Response> {
  if (!deadline.bounded) return work;
  if (outgoing !== undefined) {
    outgoing.on("close", () => deadline.stop());
    deadline.onPass(() => endSoon(outgoing));
  }
  return new Promise((resolve, reject) => {
    const unlisten = deadline.onPass((error) => resolve(late(error)));
    work.then(resolve, reject).finally(unlisten);
  });
}

function endSoon(outgoing: ServerResponse): void {
  const timer = setTimeout(() => outgoing.destroy(), lastBytesMs).unref();
  outgoing.on("close", () => clearTimeout(timer));
}
