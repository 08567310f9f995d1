import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingMessage,
  type ServerResponse,
  request,
} from "node:http";
import { answerHeaders, requestHeaders, trailerPairs } from "./headers.ts";

/** Where a generation answers HTTP: a loopback port, and connections that are its own. */
export interface Upstream {
  readonly port: number;
  readonly agent: Agent;
}

/** Told of what happens on the way, each at most once, and before the client sees anything of it. */
export interface Hooks {
  readonly onHead: (head: { status: number; requestId: string | undefined }) => void;
  /** The connection to the model broke after the request had been sent. */
  readonly onBreak: () => void;
}

/** One request and the answer to it. */
export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** A small body that had come as a whole, once it was read; sent again only where nobody can have seen it. */
  body?: Buffer | undefined;
}

/**
 * `done`: answered, cut, or the client has left. `unsent`: no process has read anything of the request, so that it may
 * go to another. `failed`: the connection broke before an answer; what the model made of the request is unknown, so it
 * must not be sent again.
 */
export type Outcome = "done" | "unsent" | "failed";

/** Up to this size, head and body arrive at the other side together or not at all. */
const atomicBytes = 16 * 1024;
/** Answers of a model may have larger heads than Node takes by default. */
const maxHeaderSize = 1024 * 1024;

/** Passes one request on and its answer back: bytes, heads, trailers, pace and aborts, and nothing of its own. */
export function forward(exchange: Exchange, upstream: Upstream, hooks: Hooks): Promise<Outcome> {
  const { incoming, outgoing } = exchange;
  return new Promise((resolve) => {
    let connected = false;
    const sent = openRequest(incoming, upstream);
    onConnected(sent, () => {
      connected = true;
      if (expectsContinue(incoming)) sendAfterContinue(exchange, sent);
      else sendBody(exchange, sent);
    });
    sent.on("information", (info: IncomingMessage) => passInformation(info, outgoing));
    sent.once("response", (answer) => {
      hooks.onHead(headOf(answer));
      relay(answer, exchange, hooks);
      answer.once("close", () => {
        // An answer that came before the client was told to go on: what is left of the request is not wanted.
        if (!sent.writableEnded && expectsContinue(incoming)) sent.destroy();
        resolve("done");
      });
    });
    sent.on("error", (error) => {
      if (outgoing.destroyed) return resolve("done");
      if (!connected || (!outgoing.headersSent && wasUnread(error, exchange))) return resolve("unsent");
      if (!outgoing.writableEnded) hooks.onBreak();
      if (!outgoing.headersSent) return resolve("failed");
      if (!outgoing.writableEnded) outgoing.destroy();
      return resolve("done");
    });
    outgoing.once("close", () => {
      if (!outgoing.writableFinished) sent.destroy();
    });
  });
}

/**
 * Linux resets a connection whose other end is closed with something unread in it, and ends one where all was read.
 * So a reset says that a request which was sent in one piece had not been read when its process died.
 */
function wasUnread(error: NodeJS.ErrnoException, { body }: Exchange): boolean {
  const reset = error.syscall !== undefined && (error.code === "ECONNRESET" || error.code === "EPIPE");
  return reset && body !== undefined && process.platform === "linux";
}

/** Opens the request with the client's own head, as it came. */
export function openRequest(incoming: IncomingMessage, upstream: Upstream): ClientRequest {
  const [method, path] = [incoming.method ?? "GET", incoming.url ?? "/"];
  const sent = request({
    host: "127.0.0.1",
    port: upstream.port,
    agent: upstream.agent,
    method,
    path,
    setHost: false,
    maxHeaderSize,
  });
  keepBare(sent);
  // Node's public ways to set a head sort repeated names together and add to them; this is what those end in.
  const storeHead: unknown = Reflect.get(sent, "_storeHeader");
  if (typeof storeHead !== "function") throw new Error("this version of Node cannot send a head as it came");
  Reflect.apply(storeHead, sent, [`${method} ${path} HTTP/1.1\r\n`, requestHeaders(incoming)]);
  return sent;
}

/** Saying that a header is removed is the way to keep Node from adding it where the other side did not send it. */
function keepBare(message: OutgoingMessage): void {
  for (const name of ["connection", "content-length", "transfer-encoding"]) message.removeHeader(name);
}

export function onConnected(sent: ClientRequest, begin: () => void): void {
  sent.once("socket", (socket) => {
    if (socket.connecting) socket.once("connect", begin);
    else begin();
  });
}

export function headOf(answer: IncomingMessage): { status: number; requestId: string | undefined } {
  const id = answer.headers["x-request-id"];
  return { status: answer.statusCode ?? 502, requestId: typeof id === "string" ? id : undefined };
}

function expectsContinue(incoming: IncomingMessage): boolean {
  return incoming.headers.expect?.toLowerCase() === "100-continue";
}

/** The client sends its body only once the model's server has asked for it. */
function sendAfterContinue(exchange: Exchange, sent: ClientRequest): void {
  sent.once("continue", () => {
    exchange.outgoing.writeContinue();
    sendBody(exchange, sent);
  });
  sent.flushHeaders();
}

function sendBody(exchange: Exchange, sent: ClientRequest): void {
  const { incoming } = exchange;
  exchange.body ??= readWhole(incoming);
  if (exchange.body !== undefined) return void sent.end(exchange.body);
  incoming.once("end", () => {
    if (incoming.rawTrailers.length > 0) sent.addTrailers(trailerPairs(incoming.rawTrailers));
    sent.end();
  });
  incoming.pipe(sent, { end: false });
  // A head whose body is still to come must not wait for it; otherwise both go out together.
  if (!incoming.complete && incoming.readableLength === 0) sent.flushHeaders();
  return undefined;
}

/** The body, where it is small and all of it is there already. */
function readWhole(incoming: IncomingMessage): Buffer | undefined {
  if (!incoming.complete || incoming.rawTrailers.length > 0 || incoming.readableLength > atomicBytes) return undefined;
  const body: unknown = incoming.read();
  incoming.resume();
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/** 102 and 103 go out as they came; 100 has its own way. */
function passInformation(info: IncomingMessage, outgoing: ServerResponse): void {
  if (info.statusCode === 100 || outgoing.headersSent || outgoing.socket === null) return;
  outgoing.socket.write(renderHead(info, info.rawHeaders), "latin1");
}

/** An HTTP/1.1 head as text. */
export function renderHead(answer: IncomingMessage, rawHeaders: readonly string[]): string {
  let head = `HTTP/1.1 ${answer.statusCode ?? 0} ${answer.statusMessage ?? ""}\r\n`;
  for (let at = 0; at < rawHeaders.length; at += 2) head += `${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`;
  return `${head}\r\n`;
}

function relay(answer: IncomingMessage, { incoming, outgoing }: Exchange, { onBreak }: Hooks): void {
  const { headers, ownConnection } = answerHeaders(answer, incoming);
  outgoing.removeHeader("date");
  if (!ownConnection) keepBare(outgoing);
  outgoing.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? "", headers);
  answer.pipe(outgoing, { end: false });
  // By then a body that came along with the head has been written with it.
  setImmediate(() => outgoing.flushHeaders());
  answer.once("end", () => {
    if (answer.rawTrailers.length > 0) outgoing.addTrailers(trailerPairs(answer.rawTrailers));
    outgoing.end();
  });
  answer.once("close", () => {
    if (answer.complete || outgoing.destroyed) return;
    onBreak();
    // An answer that broke off must not look like one that ended.
    outgoing.destroy();
  });
  answer.on("error", () => undefined);
}
