import type { Socket } from "node:net";
import { hasPartialRequest, stopReading } from "./connection.ts";

/** Keeps an eye on kept-alive connections and gives those back that have nothing to do. */
export interface IdleReturns {
  busy(socket: Socket): void;
  free(socket: Socket): void;
}

/** A client in full swing never goes back and forth. Milliseconds. */
const defaultRestMs = 30;

/**
 * A connection that rests belongs to the process that owns the port, where a blocked model cannot keep a health
 * probe on it waiting. Only one between two requests can go: no answer running, the last body read to its end, and
 * no byte of a next request read yet.
 *
 * @param restMs how long a connection rests here first, in milliseconds
 */
export function createIdleReturns(giveBack: (socket: Socket) => void, restMs = defaultRestMs): IdleReturns {
  const resting = new Map<Socket, { since: number; bytesRead: number }>();
  const running = new WeakMap<Socket, number>();
  let timer: NodeJS.Timeout | undefined;

  const sweep = () => {
    const now = performance.now();
    for (const [socket, { since, bytesRead }] of resting) {
      if (now - since < restMs) continue;
      resting.delete(socket);
      if (socket.bytesRead !== bytesRead || !canLeave(socket)) continue;
      // The way back takes its time, the more so where others are before it: a next request must not be read here.
      stopReading(socket);
      giveBack(socket);
    }
    if (resting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    busy(socket) {
      resting.delete(socket);
      running.set(socket, (running.get(socket) ?? 0) + 1);
    },
    free(socket) {
      const left = (running.get(socket) ?? 1) - 1;
      running.set(socket, left);
      if (left > 0 || socket.destroyed) return;
      resting.set(socket, { since: performance.now(), bytesRead: socket.bytesRead });
      timer ??= setInterval(sweep, restMs).unref();
    },
  };
}

function canLeave(socket: Socket): boolean {
  return !socket.destroyed && socket.writable && socket.writableLength === 0 && !hasPartialRequest(socket);
}
