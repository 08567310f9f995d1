import type { IncomingMessage, Server, ServerResponse } from "node:http";

/** `102 Processing`: nothing else that a model's server sends has this status. */
export const receiptStatus = 102;

/** Where a server's requests come in. */
export interface Intake {
  /** From now on each request gets a receipt before anything else learns of it. */
  giveReceipts(): void;
  /** Takes nothing more: who asks now finds the connection closed, without a receipt. */
  stop(): void;
}

type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

const events = ["request", "checkContinue"] as const;

/**
 * A receipt says that this process has read a request's head and will now begin with it. `dev`'s proxy holds the body
 * back until then, so that a request which met a dying process can go to another one: nothing of it was begun here,
 * and no byte of its body was sent.
 */
export function createIntake(server: Server): Intake {
  let open = true;
  const received = new WeakSet<ServerResponse>();
  return {
    giveReceipts() {
      for (const event of events) {
        const listeners = server.listeners(event) as Listener[];
        if (listeners.length === 0) continue;
        server.removeAllListeners(event);
        server.on(event, (incoming: IncomingMessage, outgoing: ServerResponse) => {
          const begin = () => listeners.forEach((listener) => listener.call(server, incoming, outgoing));
          if (received.has(outgoing)) return begin();
          received.add(outgoing);
          return afterDueWork(() => {
            if (!open) return void incoming.socket.destroy();
            outgoing.writeProcessing();
            begin();
          });
        });
      }
    },
    stop() {
      open = false;
      for (const event of [...events, "upgrade"]) server.removeAllListeners(event);
      server.on("request", ({ socket }: IncomingMessage) => void socket.destroy());
      server.close();
    },
  };
}

/**
 * Timers that are due run before the second of two immediates. If one of them ends the process, which often happens
 * right after an answer, then without having taken the next request.
 */
function afterDueWork(work: () => void): void {
  setImmediate(() => setImmediate(work));
}
