import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { Socket } from "node:net";
import { stopReading } from "./connection.ts";
import { canonicalPath, livePath, loadedPath, readyPath, pathOf } from "./paths.ts";
import { idHeaders } from "./reply.ts";
import { requestIdOf } from "./request-id.ts";
import { boundHeads, countConnections, defaultHeadMs } from "./slow-clients.ts";

export interface FrontDeskOptions {
  readonly isReady: () => boolean;
  /** Takes a connection that is the model's, and what was read of it. */
  readonly handOver: (socket: Socket, head: Buffer) => void;
  /** How long a connection may take to say what it wants, in milliseconds; a probe: its whole head. @default 60 000 */
  readonly headMs?: number;
  /** How long one may rest between two requests, in milliseconds. @default 5000 */
  readonly restMs?: number;
}

/** Looks at the first bytes of each connection, and at a resting one's next: probes are answered here. */
export interface FrontDesk {
  readonly receive: (socket: Socket) => void;
  /** Takes a connection that comes back from the model's process. */
  readonly receiveAgain: (socket: Socket) => void;
  /** Drops connections that rest here. */
  close(): void;
}

/** Longer than any path that is answered here, by far. */
const longestStartLine = 256;

export function createFrontDesk(options: FrontDeskOptions): FrontDesk {
  const waiting = new Set<Socket>();
  const { headMs = defaultHeadMs, restMs = 5_000 } = options;
  const probes = createServer({ keepAlive: false, ...boundHeads(headMs) }, (request, response) =>
    answerProbe(request, response, options.isReady()),
  );
  countConnections(probes);
  let closed = false;
  const wait = (socket: Socket, silenceMs: number) => {
    if (closed) {
      socket.destroy();
      return;
    }
    let head: Buffer = Buffer.alloc(0);
    waiting.add(socket);
    const done = () => {
      waiting.delete(socket);
      socket.off("data", onData).off("close", done).off("error", onError).off("end", onError);
      clearTimeout(deadline);
    };
    const onError = () => {
      done();
      socket.destroy();
    };
    let deadline = setTimeout(onError, silenceMs);
    const onData = (chunk: Buffer) => {
      const first = head.byteLength === 0;
      head = head.byteLength === 0 ? chunk : Buffer.concat([head, chunk]);
      const verdict = classify(head, options.isReady());
      if (verdict === "more") {
        // The rest is over; from the first byte on, it is the head's time.
        if (first && silenceMs !== headMs) {
          clearTimeout(deadline);
          deadline = setTimeout(onError, headMs);
        }
        return;
      }
      done();
      if (verdict === "model") {
        stopReading(socket);
        options.handOver(socket, head);
        return;
      }
      socket.unshift(head);
      probes.emit("connection", socket);
    };
    socket.allowHalfOpen = true;
    socket.on("data", onData).on("close", done).on("error", onError).on("end", onError);
    socket.resume();
  };
  return {
    receive: (socket) => wait(socket, headMs),
    receiveAgain: (socket) => wait(socket, restMs),
    close() {
      closed = true;
      for (const socket of waiting) socket.destroy();
      probes.close();
      probes.closeAllConnections();
    },
  };
}

/** Decides as soon as the bytes allow it; anything that is not surely a probe is the model's. */
function classify(head: Buffer, ready: boolean): "probe" | "model" | "more" {
  const text = head.toString("latin1", 0, longestStartLine);
  const method = ["GET ", "HEAD "].find((verb) => text.startsWith(verb.slice(0, text.length)));
  if (method === undefined) return "model";
  const end = text.indexOf(" ", method.length);
  if (end === -1) return text.length < longestStartLine ? "more" : "model";
  // A probe comes alone; with more behind it the model's server sorts it out.
  const headEnd = head.indexOf("\r\n\r\n");
  if (headEnd !== -1 && headEnd + 4 < head.byteLength) return "model";
  const path = canonicalPath(text.slice(method.length, end).replace(/\?.*$/, ""));
  if (path === livePath) return "probe";
  return !ready && (path === readyPath || path === loadedPath) ? "probe" : "model";
}

function answerProbe(request: IncomingMessage, response: ServerResponse, ready: boolean): void {
  const path = canonicalPath(pathOf(request));
  const alive = path === livePath || ready;
  const requestId = requestIdOf(request);
  const body =
    path === livePath ? "true" : alive ? "{}" : JSON.stringify({ error: "Model with name model is not ready." });
  response.writeHead(alive ? 200 : 503, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    // The next request on this connection might be the model's.
    connection: "close",
    ...idHeaders(requestId),
    ...(alive ? {} : { "retry-after": "5", "x-baseten-error-source": "04", "x-baseten-error-code": "600" }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}
