import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { stopReading } from "./connection.ts";

/** Keeps an eye on kept-alive connections and gives those back that have nothing to do. */
export interface IdleReturns {
  /** A connection has come, and with it bytes that another process has read of it. */
  adopt(socket: Socket, headBytes: number): void;
  busy(incoming: IncomingMessage): void;
  /** The request was read to its end, and its answer has ended. */
  free(incoming: IncomingMessage): void;
}

/** What is known of a connection. */
interface Account {
  running: number;
  /** Bytes read of it elsewhere. */
  readonly headBytes: number;
  /** Bytes of the requests that have ended; `NaN` once one of them had no known size. */
  ended: number;
}

/** A client in full swing never goes back and forth. Milliseconds. */
const defaultRestMs = 30;

/**
 * A connection that rests belongs to the process that owns the port, where a blocked model cannot keep a health
 * probe on it waiting. Only one between two requests can go: no answer running, and every byte that was read of it
 * accounted for by requests that have ended. What the parser holds of a next one would be lost.
 *
 * @param restMs how long a connection rests here first, in milliseconds
 */
export function createIdleReturns(giveBack: (socket: Socket) => void, restMs = defaultRestMs): IdleReturns {
  const accounts = new WeakMap<Socket, Account>();
  const resting = new Map<Socket, number>();
  let timer: NodeJS.Timeout | undefined;

  const open = (socket: Socket, headBytes = 0): Account => {
    const account = { running: 0, headBytes, ended: 0 };
    accounts.set(socket, account);
    return account;
  };
  const sweep = () => {
    const now = performance.now();
    for (const [socket, since] of resting) {
      if (now - since < restMs) continue;
      resting.delete(socket);
      if (!canLeave(socket, accounts.get(socket))) continue;
      // The way back takes its time, the more so where others are before it: a next request must not be read here.
      stopReading(socket);
      // Nor may the server's own timer end it there: a blocked event loop makes both due at once.
      socket.setTimeout(0);
      giveBack(socket);
    }
    if (resting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    adopt: (socket, headBytes) => void open(socket, headBytes),
    busy({ socket }) {
      resting.delete(socket);
      (accounts.get(socket) ?? open(socket)).running += 1;
    },
    free(incoming) {
      const { socket } = incoming;
      const account = accounts.get(socket) ?? open(socket);
      account.running -= 1;
      account.ended += sizeOf(incoming);
      if (account.running > 0 || socket.destroyed) return;
      resting.set(socket, performance.now());
      timer ??= setInterval(sweep, restMs).unref();
    },
  };
}

function canLeave(socket: Socket, account: Account | undefined): boolean {
  if (account === undefined || account.running > 0 || account.ended !== socket.bytesRead + account.headBytes)
    return false;
  return !socket.destroyed && socket.writable && socket.writableLength === 0;
}

/**
 * The bytes of a request as clients write it. One with unusual blanks, or in chunks, gets another size than it had:
 * then its connection stays, and nothing is lost.
 */
function sizeOf({ method = "", url = "", headers, rawHeaders }: IncomingMessage): number {
  if (headers["transfer-encoding"] !== undefined) return Number.NaN;
  let size = `${method} ${url} HTTP/1.1\r\n\r\n`.length + Number(headers["content-length"] ?? 0);
  // A name and its value are two items, with ": " or a line's end behind each.
  for (const text of rawHeaders) size += text.length + 2;
  return size;
}
