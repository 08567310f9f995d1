import type { IncomingMessage, Server, ServerResponse } from "node:http";

/** How long the head of a request may take, from its first byte (a connection's first: from its coming). Milliseconds. */
export const defaultHeadMs = 60_000;
/** How long a body may say nothing. A large one over a slow line takes as long as it takes. Milliseconds. */
export const defaultBodySilenceMs = 60_000;

/** Options of a server whose heads are bounded, and whose bodies are not: see {@link createBodyWatch}. */
export function boundHeads(headMs: number) {
  return { requestTimeout: 0, headersTimeout: headMs, connectionsCheckingInterval: Math.min(30_000, headMs / 2) };
}

/**
 * Makes a server that is handed its connections keep count of them, as one that listens does: without it Node neither
 * bounds their heads nor closes them. It begins on this event, and on nothing else.
 */
export function countConnections(server: Server): void {
  server.prependOnceListener("connection", () => {
    if (!server.listening) server.emit("listening");
  });
}

/** Asks for a body that was announced, unless it is too large: then the answer says so at once. */
export function meetExpectations(server: Server, maxBodyBytes: number): void {
  server.on("checkContinue", (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const tooLarge = Number(incoming.headers["content-length"] ?? 0) > maxBodyBytes;
    if (!tooLarge) outgoing.writeContinue();
    server.emit("request", incoming, outgoing);
  });
}

/** Watches the bodies of running requests. */
export interface BodyWatch {
  /** From now on a body that is not whole after this time is cut: its request has not begun. */
  hurry(graceMs: number): void;
  stop(): void;
}

interface Sighting {
  readonly bytesRead: number;
  readonly at: number;
}

/** Looks at all running requests from time to time, which costs the single one nothing. */
export function createBodyWatch(running: ReadonlySet<ServerResponse>, silenceMs: number): BodyWatch {
  const seen = new WeakMap<IncomingMessage, Sighting>();
  const look = () => {
    const now = performance.now();
    for (const outgoing of running) {
      const { req: incoming } = outgoing;
      // Nobody reads it yet, as the model is loading: its silence is not the client's.
      if (incoming.complete || incoming.readableFlowing !== true) {
        seen.delete(incoming);
        continue;
      }
      const { bytesRead } = incoming.socket;
      const before = seen.get(incoming);
      if (before?.bytesRead !== bytesRead) seen.set(incoming, { bytesRead, at: now });
      else if (now - before.at >= silenceMs) cut(outgoing);
    }
  };
  const timer = setInterval(look, silenceMs / 4).unref();
  let grace: NodeJS.Timeout | undefined;
  return {
    hurry(graceMs) {
      grace = setTimeout(() => {
        for (const outgoing of running) if (!outgoing.req.complete) cut(outgoing);
      }, graceMs);
    },
    stop() {
      clearInterval(timer);
      clearTimeout(grace);
    },
  };
}

function cut(outgoing: ServerResponse): void {
  // Not while an answer before it on the same connection is still under way: then it has no socket yet.
  if (!outgoing.headersSent) outgoing.socket?.write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
  outgoing.req.socket.destroySoon();
}
