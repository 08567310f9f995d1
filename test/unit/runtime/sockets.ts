import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import { once } from "node:events";

/** A listener on a free port, whose connections are handed to `receive`. */
export async function listenRaw(receive: (socket: Socket) => void) {
  const server = createServer({ allowHalfOpen: true }, receive);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const clients: Socket[] = [];
  return {
    connect: () => openClient(port, clients),
    close: () => closeAll(server, clients),
  };
}

export interface RawClient {
  readonly socket: Socket;
  readonly text: () => string;
  readonly closed: () => boolean;
}

async function openClient(port: number, clients: Socket[]): Promise<RawClient> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  clients.push(socket);
  await once(socket, "connect");
  let text = "";
  let closed = false;
  socket.setEncoding("latin1").on("data", (chunk) => (text += String(chunk)));
  const finish = () => (closed = true);
  socket.on("end", finish).on("close", finish).on("error", finish);
  return { socket, text: () => text, closed: () => closed };
}

function closeAll(server: Server, clients: readonly Socket[]): void {
  server.close();
  for (const client of clients) client.destroy();
}
