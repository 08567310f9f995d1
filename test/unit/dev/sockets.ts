import { once } from "node:events";
import {
  Agent,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  createServer as createHttpServer,
} from "node:http";
import { type AddressInfo, type Server as NetServer, type Socket, connect, createServer } from "node:net";
import { onTestFinished } from "vitest";
import { type Outcome, forward } from "../../../src/dev/proxy.ts";
import { forwardUpgrade } from "../../../src/dev/upgrade.ts";

/** One end of a connection, read as text (latin1, so that bytes stay bytes). */
export interface Wire {
  readonly socket: Socket;
  /** All that has come so far. */
  readonly text: () => string;
  /** Resolves with all that has come once it matches. */
  readonly until: (what: string | RegExp) => Promise<string>;
  readonly closed: Promise<unknown>;
  readonly send: (text: string) => void;
}

export interface RawServer {
  readonly port: number;
  readonly accept: () => Promise<Wire>;
  readonly close: () => void;
}

/** What a model's server says when it takes a request. */
export const receipt = "HTTP/1.1 102 Processing\r\n\r\n";

export function readWire(socket: Socket): Wire {
  let text = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    text += chunk;
    socket.emit("seen");
  });
  socket.on("error", () => undefined);
  const closed = once(socket, "close");
  return {
    socket,
    text: () => text,
    closed,
    send: (out) => void socket.write(out, "latin1"),
    until: async (what) => {
      while (typeof what === "string" ? !text.includes(what) : !what.test(text)) {
        const more = await Promise.race([once(socket, "seen").then(() => true), closed.then(() => false)]);
        if (!more && (typeof what === "string" ? !text.includes(what) : !what.test(text))) {
          throw new Error(`the connection closed before ${String(what)}; it had: ${text}`);
        }
      }
      return text;
    },
  };
}

export async function openWire(port: number): Promise<Wire> {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return readWire(socket);
}

/** A server without manners: hands out its connections raw, and gives a receipt for each head unless told not to. */
export async function startRawServer({ receipts = true } = {}): Promise<RawServer> {
  const server: NetServer = createServer();
  const waiting: ((socket: Socket) => void)[] = [];
  const ready: Socket[] = [];
  const all = new Set<Socket>();
  server.on("connection", (socket) => {
    all.add(socket);
    const next = waiting.shift();
    if (next === undefined) ready.push(socket);
    else next(socket);
  });
  const close = () => {
    for (const socket of all) socket.destroy();
    server.close();
  };
  onTestFinished(close);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    accept: async () => {
      const wire = readWire(ready.shift() ?? (await new Promise<Socket>((resolve) => waiting.push(resolve))));
      if (receipts) giveReceipts(wire);
      return wire;
    },
    close,
  };
}

function giveReceipts(wire: Wire): void {
  let given = 0;
  wire.socket.on("seen", () => {
    const heads = wire.text().match(/ HTTP\/1\.1\r\n[^]*?\r\n\r\n/g)?.length ?? 0;
    for (; given < heads; given += 1) wire.send(receipt);
  });
}

export interface TestProxy {
  port: number;
  /** What became of each exchange, in order. */
  readonly outcomes: Outcome[];
  /** How often a connection to the model broke. */
  breaks: number;
  readonly heads: { status: number; requestId: string | undefined }[];
}

/** The proxy on its own, before one upstream. */
export async function startProxy(upstreamPort: number): Promise<TestProxy> {
  const upstream = { port: upstreamPort, agent: new Agent({ keepAlive: true }) };
  const proxy: TestProxy = { port: 0, outcomes: [], heads: [], breaks: 0 };
  const onHead = (head: TestProxy["heads"][number]) => void proxy.heads.push(head);
  const server: Server = createHttpServer();
  const breaks = { onBreak: () => void (proxy.breaks += 1) };
  const pass = (incoming: IncomingMessage, outgoing: ServerResponse) =>
    void forward({ incoming, outgoing }, upstream, { onHead, ...breaks }).then((outcome) => {
      proxy.outcomes.push(outcome);
      if (outcome !== "done") outgoing.writeHead(502, { "content-length": "0" }).end();
    });
  server.on("request", pass);
  server.on("checkContinue", pass);
  server.on("checkExpectation", pass);
  server.on("upgrade", (incoming, socket, head) => {
    void forwardUpgrade(incoming, socket, head, upstream, { onHead, ...breaks }).then((outcome) =>
      proxy.outcomes.push(outcome),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    upstream.agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  proxy.port = (server.address() as AddressInfo).port;
  return proxy;
}

/** A client before the proxy and the server behind it, both raw. */
export async function connectBoth() {
  const server = await startRawServer();
  const proxy = await startProxy(server.port);
  const client = await openWire(proxy.port);
  return { server, proxy, client };
}

export const plainRequest = "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n";
export const plainAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
