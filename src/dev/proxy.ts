import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingMessage,
  type ServerResponse,
  request,
} from "node:http";
import { receiptStatus } from "../runtime/receipts.ts";
import { answerHeaders, isOld, requestHeaders, trailerPairs } from "./headers.ts";

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
}

/**
 * `done`: answered, cut, or the client has left. `unsent`: no process has taken the request, and not a byte of its body
 * was sent, so that it may go to another. `failed`: the connection broke after it was taken; what the model made of the
 * request is unknown, so it must not be sent again.
 */
export type Outcome = "done" | "unsent" | "failed";

/** Answers of a model may have larger heads than Node takes by default. */
const maxHeaderSize = 1024 * 1024;

/**
 * Passes one request on and its answer back: bytes, heads, trailers, pace and aborts, and nothing of its own.
 *
 * The head goes first. A model's server gives a receipt for it (see `giveReceipts` in `runtime/receipts.ts`) before any
 * code of the model learns of the request, and only then the body follows. So a process that dies without a receipt has
 * not begun the request, whatever it was doing, and nothing that was sent to it has to be sent again.
 */
export function forward(exchange: Exchange, upstream: Upstream, hooks: Hooks): Promise<Outcome> {
  const { incoming, outgoing } = exchange;
  return new Promise((resolve) => {
    let taken = false;
    let receipted = false;
    const sent = openRequest(incoming, upstream);
    sendHead(incoming, sent);
    const take = () => {
      if (!taken && !expectsContinue(incoming)) sendBody(exchange, sent);
      taken = true;
    };
    sent.on("information", (info: IncomingMessage) => {
      if (receipted || info.statusCode !== receiptStatus) return passInformation(info, outgoing);
      receipted = true;
      return take();
    });
    sent.once("continue", () => {
      taken = true;
      if (expectsContinue(incoming)) passContinue(exchange, sent);
    });
    sent.once("response", (answer) => {
      taken = true;
      hooks.onHead(headOf(answer));
      relay(answer, exchange, hooks);
      answer.once("close", () => {
        if (!sent.writableEnded) outlive(exchange, sent);
        resolve("done");
      });
    });
    sent.on("error", () => {
      if (outgoing.destroyed) return resolve("done");
      if (!taken) return resolve("unsent");
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
  sent.maxHeadersCount = 0;
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

export function headOf(answer: IncomingMessage): { status: number; requestId: string | undefined } {
  const id = answer.headers["x-request-id"];
  return { status: answer.statusCode ?? 502, requestId: typeof id === "string" ? id : undefined };
}

function expectsContinue(incoming: IncomingMessage): boolean {
  return !isOld(incoming) && incoming.headers.expect?.toLowerCase() === "100-continue";
}

/** What has no body is whole with its head. */
function sendHead({ headers }: IncomingMessage, sent: ClientRequest): void {
  const bodyless = headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) === 0;
  if (bodyless) sent.end();
  else sent.flushHeaders();
}

/** The client sends its body only once the model's server has asked for it. */
function passContinue(exchange: Exchange, sent: ClientRequest): void {
  exchange.outgoing.writeContinue();
  sendBody(exchange, sent);
}

function sendBody({ incoming }: Exchange, sent: ClientRequest): void {
  incoming.once("end", () => {
    if (sent.writableEnded) return;
    if (incoming.rawTrailers.length > 0) sent.addTrailers(trailerPairs(incoming.rawTrailers));
    sent.end();
  });
  incoming.pipe(sent, { end: false });
}

/** The answer has ended before its request: the model's server takes the rest, or leaves it to be thrown away here. */
function outlive({ incoming }: Exchange, sent: ClientRequest): void {
  // The client was not told to go on, or not for long: what is left is not wanted.
  if (expectsContinue(incoming)) sent.destroy();
  const { socket } = sent;
  // Node forgets to say so itself once an answer is complete.
  const goOn = () => void sent.emit("drain");
  socket?.on("drain", goOn);
  if (socket?.writableLength === 0) goOn();
  sent.once("close", () => {
    socket?.off("drain", goOn);
    incoming.unpipe(sent).resume();
  });
}

/** What is no receipt goes out as it came; 100 has its own way. */
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
