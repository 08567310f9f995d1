import { createHash } from "node:crypto";
import { once } from "node:events";
import { Agent, type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { onTestFinished } from "vitest";
import { createIntake } from "../../../src/runtime/receipts.ts";
import { startFront } from "./front-server.ts";

/** One server twice: as it is, and behind the front. */
export interface Twins {
  readonly direct: number;
  readonly fronted: number;
}

export type Handler = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

export async function startTwins(handler: Handler, more: (server: Server) => void = () => undefined): Promise<Twins> {
  const open = async (receipts: boolean) => {
    const server = createServer({ requestTimeout: 0, keepAliveTimeout: 65_000, maxHeaderSize: 16_384 }, handler);
    more(server);
    if (receipts) createIntake(server).giveReceipts();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  };
  const [direct, behind] = [await open(false), await open(true)];
  const { gate, front } = await startFront();
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const ended = new Promise<void>(() => undefined);
  gate.open({ port: behind, agent, alive: true, ended, enter: () => () => undefined });
  return { direct, fronted: front.port };
}

const patienceMs = 10_000;

/** Sends bytes in the pieces given, and answers with all that comes until the other side ends or cuts. */
export async function converse(port: number, pieces: readonly string[], { halfClose = false } = {}): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  onTestFinished(() => void socket.destroy());
  let text = "";
  let how = "open";
  socket.setEncoding("latin1").on("data", (chunk) => (text += String(chunk)));
  const over = new Promise<void>((resolve) => {
    socket.once("end", () => {
      how = "ended";
      resolve();
    });
    socket.once("error", () => {
      how = "cut";
      resolve();
    });
    socket.once("close", () => resolve());
    setTimeout(resolve, patienceMs).unref();
  });
  await once(socket, "connect");
  for (const piece of pieces) {
    socket.write(piece, "latin1");
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (halfClose) socket.end();
  await over;
  socket.destroy();
  return `${text.replace(/^Date: .*\r\n/gim, "")}<${how}>`;
}

/** Answers with all that it was asked. */
export const echo: Handler = (incoming, outgoing) => {
  const hash = createHash("sha256");
  let length = 0;
  incoming.on("data", (chunk: Buffer) => {
    hash.update(chunk);
    length += chunk.length;
  });
  incoming.on("end", () => {
    const { method, url, httpVersion, rawHeaders, rawTrailers } = incoming;
    const body = JSON.stringify({
      method,
      url,
      httpVersion,
      rawHeaders,
      rawTrailers,
      length,
      hash: hash.digest("hex"),
    });
    outgoing.writeHead(200, ["content-length", String(Buffer.byteLength(body)), "X-Answer", "a", "x-answer", "b"]);
    outgoing.end(body);
  });
};
