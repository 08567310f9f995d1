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

/** Told as soon as the head of the answer is known. */
export type OnHead = (head: { status: number; requestId: string | undefined }) => void;

/**
 * `done`: answered, cut, or the client has left. `unreachable`: there was no connection, and nothing of the request was
 * read or sent, so that it may be tried elsewhere. `failed`: the connection broke before an answer; what the model made
 * of the request is unknown, so it must not be sent again.
 */
export type Outcome = "done" | "unreachable" | "failed";

/** Answers of a model may have larger heads than Node takes by default. */
const maxHeaderSize = 1024 * 1024;

/** Passes one request on and its answer back: bytes, heads, trailers, pace and aborts, and nothing of its own. */
export function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  upstream: Upstream,
  onHead: OnHead,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let connected = false;
    const sent = openRequest(incoming, upstream);
    onConnected(sent, () => {
      connected = true;
      if (expectsContinue(incoming)) sendAfterContinue(incoming, outgoing, sent);
      else sendBody(incoming, sent);
    });
    sent.on("information", (info: IncomingMessage) => passInformation(info, outgoing));
    sent.once("response", (answer) => {
      onHead(headOf(answer));
      relay(answer, incoming, outgoing);
      answer.once("close", () => {
        // An answer that came before the client was told to go on: what is left of the request is not wanted.
        if (!sent.writableEnded && expectsContinue(incoming)) sent.destroy();
        resolve("done");
      });
    });
    sent.on("error", () => {
      if (!connected && !outgoing.destroyed) return resolve("unreachable");
      if (!outgoing.headersSent && !outgoing.destroyed) return resolve("failed");
      if (!outgoing.writableEnded) outgoing.destroy();
      return resolve("done");
    });
    outgoing.once("close", () => {
      if (!outgoing.writableFinished) sent.destroy();
    });
  });
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
function sendAfterContinue(incoming: IncomingMessage, outgoing: ServerResponse, sent: ClientRequest): void {
  sent.once("continue", () => {
    outgoing.writeContinue();
    sendBody(incoming, sent);
  });
  sent.flushHeaders();
}

function sendBody(incoming: IncomingMessage, sent: ClientRequest): void {
  incoming.once("end", () => {
    if (incoming.rawTrailers.length > 0) sent.addTrailers(trailerPairs(incoming.rawTrailers));
    sent.end();
  });
  incoming.pipe(sent, { end: false });
  // A head whose body is still to come must not wait for it; otherwise both go out together.
  if (!incoming.complete && incoming.readableLength === 0) sent.flushHeaders();
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

function relay(answer: IncomingMessage, incoming: IncomingMessage, outgoing: ServerResponse): void {
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
    // An answer that broke off must not look like one that ended.
    if (!answer.complete) outgoing.destroy();
  });
  answer.on("error", () => outgoing.destroy());
}
