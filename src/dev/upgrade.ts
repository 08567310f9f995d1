import type { IncomingMessage } from "node:http";
import { type AddressInfo, type Socket, connect } from "node:net";
import type { Duplex } from "node:stream";
import { without } from "./headers.ts";
import { type Hooks, type Outcome, type Upstream, headOf, openRequest, renderHead } from "./proxy.ts";

/** Passes on a WebSocket handshake and, once it is accepted, every byte both ways. */
export function forwardUpgrade(
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  upstream: Upstream,
  hooks: Hooks,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let answered = false;
    const sent = openRequest(incoming, upstream);
    sent.end();
    sent.once("upgrade", (answer, remote, remoteHead) => {
      answered = true;
      hooks.onHead(headOf(answer));
      socket.write(renderHead(answer, answer.rawHeaders), "latin1");
      if (remoteHead.length > 0) socket.write(remoteHead);
      if (head.length > 0) remote.write(head);
      remote.once("error", () => hooks.onBreak());
      join(socket, remote);
      socket.once("close", () => resolve("done"));
    });
    sent.once("response", (answer) => {
      answered = true;
      hooks.onHead(headOf(answer));
      refuse(answer, socket);
      answer.once("close", () => resolve("done"));
    });
    sent.on("error", () => {
      if (socket.destroyed || socket.writableEnded) return resolve("done");
      // A model learns of a socket after its handshake was answered, so nobody has begun with this one.
      if (!answered) return resolve("unsent");
      hooks.onBreak();
      return resolve("failed");
    });
    socket.once("close", () => sent.destroy());
  });
}

/**
 * A request that asks for any other protocol (curl's `h2c`) is an ordinary request to a server that does not speak it.
 * Node has handed over its connection already, so it comes in again through the front door, without the wish.
 */
export function reenter(incoming: IncomingMessage, socket: Duplex, head: Buffer, address: AddressInfo): void {
  const again = connect({ host: address.address, port: address.port, allowHalfOpen: true });
  const headers = [...without(incoming.rawHeaders, ["upgrade", "connection", "http2-settings"]), "Connection", "close"];
  let text = `${incoming.method} ${incoming.url} HTTP/${incoming.httpVersion}\r\n`;
  for (let at = 0; at < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  again.write(`${text}\r\n`, "latin1");
  if (head.length > 0) again.write(head);
  join(socket, again);
}

/** Joins two connections: what ends or breaks on one side does so on the other. */
function join(left: Duplex, right: Duplex): void {
  for (const [from, to] of [
    [left, right],
    [right, left],
  ] as const) {
    quicken(from);
    from.pipe(to);
    from.on("error", () => to.destroy());
    from.once("close", () => {
      if (!from.readableEnded) to.destroy();
      else to.end();
    });
  }
}

function quicken(stream: Duplex): void {
  const socket = stream as Partial<Socket>;
  socket.setTimeout?.(0);
  socket.setNoDelay?.(true);
}

/** The model's server answered the handshake with something else: that goes back, and the connection ends. */
function refuse(answer: IncomingMessage, socket: Duplex): void {
  const headers = without(answer.rawHeaders, ["connection", "keep-alive", "transfer-encoding"]);
  socket.write(renderHead(answer, [...headers, "Connection", "close"]), "latin1");
  answer.pipe(socket);
}
