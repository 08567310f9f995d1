import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { RequestEvent } from "../events.ts";
import type { App } from "./app.ts";
import { createIdleReturns } from "./idle-returns.ts";
import { defaultMaxBodyBytes } from "./input.ts";
import type { ModelHost } from "./lifecycle.ts";
import { canonicalPath, livePath, loadedPath, readyPath } from "./paths.ts";
import { type Intake, createIntake } from "./receipts.ts";
import { requestIdOf } from "./request-id.ts";
import { trackScope } from "./request-scope.ts";
import {
  boundHeads,
  countConnections,
  createBodyWatch,
  defaultBodySilenceMs,
  defaultHeadMs,
  meetExpectations,
} from "./slow-clients.ts";
import { type WebSocketOptions, attachWebSocket } from "./websocket.ts";

export interface ModelServerOptions extends Pick<
  WebSocketOptions,
  "log" | "slots" | "pingIntervalSeconds" | "pingTimeoutSeconds" | "onModelError"
> {
  readonly app: App;
  readonly host: ModelHost;
  /** Told of each request but the probes', when its answer has ended. */
  readonly onRequest?: (event: RequestEvent) => void;
  /** Takes back a kept-alive connection that nobody uses at the moment. */
  readonly onIdleConnection?: (socket: Socket) => void;
  /** Largest body, in bytes: one announced as larger is not asked for. @default 104 857 600 */
  readonly maxBodyBytes?: number;
  /** How long the head of a request may take, in milliseconds. @default 60 000 */
  readonly headMs?: number;
  /** How long a body may say nothing, in milliseconds. @default 60 000 */
  readonly bodySilenceMs?: number;
  /** How long a body may still take once the server drains, in milliseconds. @default 5000 */
  readonly bodyGraceMs?: number;
}

/** The HTTP side of one model process. */
export interface ModelServer {
  /** Listens on 127.0.0.1 at a free port, for a proxy that waits for receipts. */
  listen(): Promise<number>;
  /** Goes on with a connection that another process accepted, from the bytes that it has read of it. */
  adopt(socket: Socket, head: Uint8Array): void;
  readonly inFlight: number;
  /** Begins nothing more, since the process is about to end; resolves when no request runs, or the time is over. */
  abandon(timeoutMs: number): Promise<void>;
  /** Refuses new work, lets running work end, then closes every connection. Past the timeout the rest is cut. */
  drain(timeoutMs: number): Promise<void>;
}

/** A request whose body is still coming has not begun: what its client loses is less than what all wait for. */
const defaultBodyGraceMs = 5_000;
const probes = new Set([livePath, readyPath, loadedPath]);

export function createModelServer(options: ModelServerOptions): ModelServer {
  const running = createRunning();
  const { active } = running;
  const idle = options.onIdleConnection && createIdleReturns(options.onIdleConnection);

  const server = createAdaptorServer({
    hostname: "localhost",
    serverOptions: boundHeads(options.headMs ?? defaultHeadMs),
    fetch(request, env) {
      const { incoming, outgoing } = env as { incoming: IncomingMessage; outgoing: ServerResponse };
      const requestId = requestIdOf(incoming);
      const started = performance.now();
      const scope = { requestId, incoming };
      active.add(outgoing);
      trackScope(scope, "running");
      if (running.waitedFor) outgoing.setHeader("connection", "close");
      idle?.busy(incoming);
      outgoing.on("close", () => {
        running.end(outgoing);
        trackScope(scope, "ended");
        report(options, incoming, outgoing, requestId, performance.now() - started);
        if (incoming.complete) idle?.free(incoming);
      });
      return options.app.fetch(request, { incoming, outgoing, requestId });
    },
  }) as Server;
  const intake = createIntake(server);
  const webSockets = attachWebSocket(server, options);
  const bodies = createBodyWatch(active, options.bodySilenceMs ?? defaultBodySilenceMs);
  countConnections(server);
  meetExpectations(server, options.maxBodyBytes ?? defaultMaxBodyBytes);

  return {
    listen: () => listen(server, intake),
    adopt(socket, head) {
      socket.allowHalfOpen = true;
      idle?.adopt(socket, head.byteLength);
      if (head.byteLength > 0) socket.unshift(Buffer.from(head.buffer, head.byteOffset, head.byteLength));
      server.emit("connection", socket);
    },
    get inFlight() {
      return active.size + webSockets.open;
    },
    async abandon(timeoutMs) {
      intake.stop();
      await running.endWithin(timeoutMs);
    },
    async drain(timeoutMs) {
      const finished = running.endWithin(timeoutMs);
      for (const outgoing of active) if (!outgoing.headersSent) outgoing.setHeader("connection", "close");
      bodies.hurry(options.bodyGraceMs ?? defaultBodyGraceMs);
      const socketsClosed = webSockets.close();
      server.close();
      server.closeIdleConnections();
      await finished;
      if (active.size > 0) options.log.warn(`${active.size} running requests were cut: the time to drain is over`);
      bodies.stop();
      await withDeadline(socketsClosed, timeoutMs);
      server.closeAllConnections();
    },
  };
}

/** The requests that run, and a wait for their end. */
function createRunning() {
  const active = new Set<ServerResponse>();
  let allEnded: (() => void) | undefined;
  return {
    active,
    get waitedFor() {
      return allEnded !== undefined;
    },
    end(outgoing: ServerResponse) {
      active.delete(outgoing);
      if (active.size === 0) allEnded?.();
    },
    async endWithin(timeoutMs: number) {
      const ended = new Promise<void>((resolve) => (allEnded = resolve));
      if (active.size > 0) await withDeadline(ended, timeoutMs);
    },
  };
}

function listen(server: Server, intake: Intake): Promise<number> {
  intake.giveReceipts();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

function report(
  options: ModelServerOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  requestId: string,
  ms: number,
): void {
  if (options.onRequest === undefined) return;
  const url = incoming.url ?? "/";
  const query = url.indexOf("?");
  const path = query === -1 ? url : url.slice(0, query);
  // Only GET and HEAD can be probes; asking that first spares a busy endpoint the look-up.
  if (incoming.method !== "POST" && probes.has(canonicalPath(path))) return;
  options.onRequest({
    event: "request",
    request_id: requestId,
    method: incoming.method ?? "GET",
    path,
    // Nothing was sent: the client left first.
    status: outgoing.headersSent ? outgoing.statusCode : 499,
    ms: Math.round(ms * 10) / 10,
  });
}

function withDeadline(work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void work.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
