import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Reporter } from "../events.ts";
import { settlesWithin } from "./deferred.ts";
import { type Gate, type Refusal, type Serving, notReadyMessage } from "./gate.ts";
import { type ListenOptions, listen } from "./listen.ts";
import { pathOf } from "../runtime/paths.ts";
import { requestIdOf } from "../runtime/request-id.ts";
import {
  type OwnAnswer,
  errorAnswer,
  isLiveness,
  isReadiness,
  liveAnswer,
  writeAnswer,
  writeRawAnswer,
} from "./own-answer.ts";
import { type PlaygroundState, isPlaygroundPath, playgroundAnswer } from "./playground.ts";
import { type Exchange, type Hooks, type Outcome, type Upstream, forward } from "./proxy.ts";
import { forwardUpgrade, reenter } from "./upgrade.ts";

export interface FrontOptions extends ListenOptions {
  readonly gate: Gate;
  readonly report: Reporter;
  readonly describe: () => PlaygroundState;
}

/** The server that clients talk to. */
export interface Front {
  readonly port: number;
  /** Requests and open sockets at this moment. */
  readonly inFlight: number;
  /** Takes no more connections. */
  refuse(): void;
  /** Waits a moment for answers on their way out, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

/** Above the model server's own, so that a client is never told a longer time than is true. */
const keepAliveMs = 65_000;
/** A process that lives and still does not take a request is asked so often. */
const maxAttempts = 3;

const lostMessage = "the model's process ended while it was answering";

/** Listens for clients and passes each request to the generation that serves. */
export async function createFront(options: FrontOptions): Promise<Front> {
  const live = new Set<Duplex | ServerResponse>();
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: keepAliveMs });
  // Node drops what is beyond a number, the body's length perhaps; the size of a head is bounded as it is.
  server.maxHeadersCount = 0;
  const port = await listen(server, options);
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    live.add(outgoing);
    outgoing.once("close", () => live.delete(outgoing));
    void answer(options, incoming, outgoing);
  };
  server.on("request", onRequest);
  server.on("checkContinue", onRequest);
  server.on("checkExpectation", onRequest);
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    if (incoming.headers.upgrade?.toLowerCase() !== "websocket") {
      return reenter(incoming, socket, head, server.address() as AddressInfo);
    }
    live.add(socket);
    socket.once("close", () => live.delete(socket));
    void answerUpgrade(options, incoming, socket, head);
  });
  return {
    port,
    get inFlight() {
      return live.size;
    },
    refuse: () => void server.close(),
    close: (graceMs) => closeServer(server, live, graceMs),
  };
}

async function answer(options: FrontOptions, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const own = ownAnswer(options, incoming);
  const onHead = logTraffic(options.report, incoming, outgoing);
  if (own !== undefined) return write(own);
  const exchange: Exchange = { incoming, outgoing };
  const refused = await passOn(options.gate, outgoing, (upstream, onBreak) =>
    forward(exchange, upstream, { onHead, onBreak }),
  );
  if (refused === undefined || outgoing.destroyed) return;
  write(errorAnswer(incoming, refused.status, refused.refusal, requestIdOf(incoming)));

  function write(answer: OwnAnswer): void {
    onHead({ status: answer.status, requestId: answer.headers["x-request-id"] });
    writeAnswer(outgoing, answer);
  }
}

function ownAnswer({ gate, host, describe }: FrontOptions, incoming: IncomingMessage): OwnAnswer | undefined {
  const requestId = requestIdOf(incoming);
  if (isLiveness(incoming)) return liveAnswer(requestId);
  if (isPlaygroundPath(pathOf(incoming))) return playgroundAnswer(incoming, host, describe(), requestId);
  if (gate.current === undefined && isReadiness(incoming)) {
    return errorAnswer(incoming, 503, { message: notReadyMessage, retryAfter: 5 }, requestId);
  }
  return undefined;
}

async function answerUpgrade(
  options: FrontOptions,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const onHead = logTraffic(options.report, incoming, socket);
  const refused = await passOn(options.gate, socket, (upstream, onBreak) =>
    forwardUpgrade(incoming, socket, head, upstream, { onHead, onBreak }),
  );
  if (refused === undefined || socket.destroyed) return;
  const refusal = errorAnswer(incoming, refused.status, refused.refusal, requestIdOf(incoming));
  onHead({ status: refusal.status, requestId: refusal.headers["x-request-id"] });
  writeRawAnswer(socket, refusal);
}

/** Waits for a generation and hands the exchange to it; says why when that cannot be. */
async function passOn(
  gate: Gate,
  client: Duplex | ServerResponse,
  pass: (upstream: Upstream, onBreak: () => void) => Promise<Outcome>,
): Promise<{ status: number; refusal: Refusal } | undefined> {
  let attempts = 0;
  for (let last: Serving | undefined; ;) {
    const admission = gate.decide() ?? (await gate.admit(leaving(client)));
    if (!admission.ok) return { status: 503, refusal: admission.refusal };
    const { generation, leave } = admission;
    const onBreak = () => gate.doubt(generation);
    const outcome = client.destroyed ? "done" : await pass(generation, onBreak);
    leave();
    if (outcome === "done") return undefined;
    attempts = last === generation ? attempts + 1 : 1;
    if (outcome === "failed" || attempts === maxAttempts) return { status: 502, refusal: { message: lostMessage } };
    // Nobody has taken it: it waits until that process is gone, or shows that it is alive after all.
    last = generation;
    onBreak();
  }
}

function leaving(client: Duplex | ServerResponse): AbortSignal {
  const left = new AbortController();
  client.once("close", () => left.abort());
  return left.signal;
}

/** Reports the request once: when its answer has ended, or, for a socket, when the upgrade is answered. */
function logTraffic(report: Reporter, incoming: IncomingMessage, client: Duplex | ServerResponse): Hooks["onHead"] {
  const arrived = performance.now();
  let known: { status: number; requestId: string | undefined } | undefined;
  let told = false;
  const tell = () => {
    if (told || isPlaygroundPath(pathOf(incoming))) return;
    told = true;
    report({
      event: "request",
      request_id: known?.requestId ?? requestIdOf(incoming),
      method: incoming.method ?? "GET",
      path: pathOf(incoming),
      // The client left before there was an answer.
      status: known?.status ?? 499,
      ms: Math.round((performance.now() - arrived) * 10) / 10,
    });
  };
  client.once("close", tell);
  return (head) => {
    known = head;
    if (head.status === 101) tell();
  };
}

async function closeServer(server: Server, live: ReadonlySet<Duplex | ServerResponse>, graceMs: number): Promise<void> {
  server.close();
  const ended = Promise.all([...live].map((each) => new Promise((resolve) => each.once("close", resolve))));
  await settlesWithin(ended, graceMs);
  for (const each of live) each.destroy();
  server.closeAllConnections();
}
