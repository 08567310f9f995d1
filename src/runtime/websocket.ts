import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { WebSocket, WebSocketServer } from "ws";
import { endpoints } from "../model/endpoints.ts";
import { hiddenMessage, toPublicError } from "../wire/errors.ts";
import { ClientGone } from "./input.ts";
import type { ModelHost } from "./lifecycle.ts";
import type { Slots } from "./limits.ts";
import type { RuntimeLog } from "./log.ts";
import { createModelRequest } from "./model-request.ts";
import { canonicalPath, pathOf } from "./paths.ts";
import { reenter } from "./reenter.ts";
import { idHeaders } from "./reply.ts";
import { requestIdOf } from "./request-id.ts";
import { runInScope } from "./request-scope.ts";
import { takeTurn } from "./upgrade-turn.ts";

export interface WebSocketOptions {
  readonly host: ModelHost;
  readonly log: RuntimeLog;
  readonly slots: Slots;
  /** Seconds between two pings, and how long an answer may take. @default 20 and 20 */
  readonly pingIntervalSeconds?: number;
  readonly pingTimeoutSeconds?: number;
  readonly onModelError?: (error: unknown, requestId: string) => void;
}

export interface WebSocketDoor {
  readonly open: number;
  /** Closes every socket with 1012, as a server that restarts does; resolves when clients have taken leave, or had time to. */
  close(): Promise<void>;
}

/** How long a client may take to answer a close. Milliseconds. */
const leaveMs = 2_000;
const maxMessageBytes = 100 * 1024 * 1024;

/** Serves WebSockets on a server's upgrades: at `/v1/websocket` and its other names. */
export function attachWebSocket(server: Server, options: WebSocketOptions): WebSocketDoor {
  const ids = new WeakMap<IncomingMessage, string>();
  let opening: Promise<WebSocketServer> | undefined;
  let wss: WebSocketServer | undefined;
  // Loaded with the first handshake: most models have no WebSockets.
  const open = async () => (wss ??= await (opening ??= openServer(ids)));
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (incoming.headers.upgrade?.toLowerCase() !== "websocket") return reenter(server, incoming, socket, head);
    socket.on("error", () => socket.destroy());
    const requestId = requestIdOf(incoming);
    const refusal = refuse(incoming, options.host);
    if (refusal !== undefined) return rejectUpgrade(socket, requestId, refusal);
    ids.set(incoming, requestId);
    const shakeHands = async () => {
      const ready = await open();
      const late = refuse(incoming, options.host);
      if (late !== undefined) return rejectUpgrade(socket, requestId, late);
      // Called at once, or, when the handshake is no good, never.
      let conversation: Promise<void> | undefined;
      ready.handleUpgrade(incoming, socket, head, (client) => {
        conversation = converse(client, incoming, requestId, options);
      });
      return conversation;
    };
    return void admit(socket, requestId, options).then((release) => release && shakeHands().finally(release));
  });
  return {
    get open() {
      return wss?.clients.size ?? 0;
    },
    async close() {
      const clients = [...(wss?.clients ?? [])];
      const gone = clients.map((client) => {
        client.close(1012, "Service restart");
        return new Promise((resolve) => client.once("close", resolve));
      });
      if (gone.length === 0) return;
      await Promise.race([Promise.all(gone), delay(leaveMs, undefined, { ref: false })]);
      for (const client of clients) client.terminate();
    },
  };
}

async function openServer(ids: WeakMap<IncomingMessage, string>): Promise<WebSocketServer> {
  const { WebSocketServer: Server } = await import("ws");
  const wss = new Server({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: { threshold: 1024 },
    clientTracking: true,
    // A subprotocol is the model's business; none is chosen for it.
    handleProtocols: () => false,
  });
  wss.on("headers", (lines, incoming) => lines.push(...idLines(ids.get(incoming) ?? "")));
  return wss;
}

interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly retryAfter?: string | undefined;
}

/** A conversation is a call like any other; without the method there will be none. `undefined`: it was refused. */
async function admit(socket: Duplex, requestId: string, { host, slots }: WebSocketOptions) {
  if (host.method("websocket") === undefined) return () => undefined;
  try {
    return await takeTurn(slots, socket);
  } catch (error) {
    const { status, message, headers } = toPublicError(error);
    if (error instanceof ClientGone) socket.destroy();
    else rejectUpgrade(socket, requestId, { status, message, retryAfter: headers?.["retry-after"] });
    return undefined;
  }
}

/** Baseten's nginx brings a socket to the one path that `docker_server.predict_endpoint` names, any endpoint's. */
const doors: ReadonlySet<string> = new Set(endpoints.map(({ path }) => path));

function refuse(incoming: IncomingMessage, host: ModelHost): Refusal | undefined {
  const path = canonicalPath(pathOf(incoming));
  if (!doors.has(path)) return { status: 404, message: `There is no WebSocket at ${path}` };
  if (host.state !== "ready") return { status: 503, message: "Model with name model is not ready.", retryAfter: "5" };
  return undefined;
}

function rejectUpgrade(socket: Duplex, requestId: string, { status, message, retryAfter }: Refusal): void {
  const body = JSON.stringify({ error: message });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Content-Type: application/json",
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    ...idLines(requestId),
    "Connection: close",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function idLines(requestId: string): string[] {
  return Object.entries(idHeaders(requestId)).map(([name, id]) => `${name}: ${id}`);
}

/** One connection: returning closes 1000, throwing 1011; a model that closed by itself keeps its code. */
async function converse(
  socket: WebSocket,
  incoming: IncomingMessage,
  requestId: string,
  options: WebSocketOptions,
): Promise<void> {
  const gone = new AbortController();
  socket.on("error", (error) => options.log.info(`WebSocket error: ${error.message}`));
  socket.on("close", () => gone.abort(new Error("the WebSocket has closed")));
  const method = options.host.method("websocket");
  if (method === undefined) return socket.close(1003, "WebSocket is not implemented on this deployment.");

  keepAlive(socket, options);
  const request = createModelRequest(
    {
      method: "GET",
      url: `http://${incoming.headers.host ?? "localhost"}${incoming.url ?? "/"}`,
      headers: toHeaders(incoming),
      body: undefined,
      signal: () => gone.signal,
    },
    options.host.arity("websocket") > 1,
  );
  try {
    await runInScope({ requestId }, () => method(socket, request));
    if (socket.readyState === socket.OPEN) socket.close(1000);
  } catch (error) {
    if (!gone.signal.aborted) options.onModelError?.(error, requestId);
    if (socket.readyState === socket.OPEN) socket.close(1011, hiddenMessage);
  }
}

function keepAlive(socket: WebSocket, options: WebSocketOptions): void {
  const interval = (options.pingIntervalSeconds || 20) * 1000;
  const timeout = (options.pingTimeoutSeconds || 20) * 1000;
  let deadline: NodeJS.Timeout | undefined;
  const timer = setInterval(() => {
    if (socket.readyState !== socket.OPEN) return;
    socket.ping();
    deadline ??= setTimeout(() => socket.terminate(), timeout).unref();
  }, interval);
  timer.unref();
  socket.on("pong", () => {
    clearTimeout(deadline);
    deadline = undefined;
  });
  socket.on("close", () => {
    clearInterval(timer);
    clearTimeout(deadline);
  });
}

function toHeaders(incoming: IncomingMessage): Headers {
  const headers = new Headers();
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] ?? "", incoming.rawHeaders[index + 1] ?? "");
  }
  return headers;
}
