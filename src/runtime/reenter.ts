import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

const wishes = new Set(["upgrade", "http2-settings"]);

/**
 * Gives a request back to the server that took it for an upgrade (curl's and Java's `h2c`). Node has let go of the
 * connection, so it comes in again: the request without its wish, then what was read behind its head.
 */
export function reenter(server: Server, incoming: IncomingMessage, socket: Duplex, rest: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = incoming;
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    const value = withoutWish(name.toLowerCase(), rawHeaders[at + 1] ?? "");
    if (value !== undefined) text += `${name}: ${value}\r\n`;
  }
  socket.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, "latin1"), rest]));
  server.emit("connection", socket);
}

function withoutWish(name: string, value: string): string | undefined {
  if (wishes.has(name)) return undefined;
  if (name !== "connection") return value;
  const kept = value.split(",").filter((token) => !wishes.has(token.trim().toLowerCase()));
  return kept.length === 0 ? undefined : kept.join(",").trim();
}
