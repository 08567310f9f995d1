import type { ServerResponse } from "node:http";
import type { Tap } from "../wire/check/inspector.ts";
import { type Deadline, either } from "./deadline.ts";
import { ownResponse } from "./reply.ts";
import type { OnLeave } from "./stream.ts";

export interface ResponseAnswer {
  /** The author's own. */
  readonly response: Response;
  readonly requestId: string;
  readonly tap: Tap | undefined;
  /** Where there is a socket. */
  readonly outgoing: ServerResponse | undefined;
  readonly onLeave: OnLeave;
  readonly deadline: Deadline;
  readonly onError: (error: unknown) => void;
  /** The work has really ended: its body was read, failed, or was cancelled. */
  readonly onEnd: () => void;
}

/** The author's own Response, passed on as it is read. */
export function answerResponse(answer: ResponseAnswer): Response {
  const { response, requestId, onEnd } = answer;
  let watching = false;
  try {
    return ownResponse(response, requestId, () => {
      if (response.body === null) return null;
      const body = watchBody(response.body, answer);
      watching = true;
      return body;
    });
  } finally {
    if (!watching) void dropResponse(response).finally(onEnd);
  }
}

/** Ends the body of one that nobody will read. Never throws. */
export async function dropResponse(response: Response): Promise<void> {
  try {
    await response.body?.cancel();
  } catch {
    // Read already, or such a Response that not even its body can be had.
  }
}

function watchBody(source: ReadableStream<Uint8Array>, answer: ResponseAnswer): ReadableStream<Uint8Array> {
  const { tap, outgoing, onError, onEnd, deadline } = answer;
  const reader = source.getReader();
  let unlisten: () => void = () => undefined;
  let over = false;
  const finish = () => {
    over = true;
    unlisten();
  };
  const stop = async (reason: unknown) => {
    if (over) return;
    finish();
    await reader.cancel(reason).catch(() => undefined);
    onEnd();
  };
  const body = {
    start(controller: ReadableStreamDefaultController<Uint8Array>) {
      const listen = either(answer.onLeave, deadline);
      unlisten = listen(() => {
        void stop(new Error("nobody reads on"));
        if (deadline.passed !== undefined) breakOff(controller, deadline.passed);
        else if (outgoing === undefined) controller.error(new DOMException("The client has left", "AbortError"));
        else controller.close();
      });
    },
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      try {
        const { done, value } = await reader.read();
        if (over) return undefined;
        if (!done) {
          tap?.chunk(value);
          return controller.enqueue(value);
        }
        finish();
        controller.close();
        tap?.end();
        return onEnd();
      } catch (error) {
        if (over) return undefined;
        finish();
        onEnd();
        return breakOff(controller, error);
      }
    },
    cancel: stop,
  };
  return new ReadableStream<Uint8Array>(body, { highWaterMark: 0 });

  /** Nobody shall take this for a clean end. */
  function breakOff(controller: ReadableStreamDefaultController<Uint8Array>, error: unknown): void {
    onError(error);
    if (outgoing === undefined) controller.error(new Error("the stream failed"));
    else outgoing.destroy();
  }
}
