import { type AddressInfo, type Socket, connect, createServer } from "node:net";

const deadlineMs = 20_000;

/** A connection on which a test writes the bytes itself. */
export interface RawConnection {
  readonly socket: Socket;
  write(bytes: string | Uint8Array): void;
  /** All that has come so far, once it fits. Fails when the connection ends first. */
  until(fits: (text: string) => boolean): Promise<string>;
  /** All that came, once the other side has ended the connection or broken it. */
  readonly ended: Promise<string>;
}

export function openRaw(port: number): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(follow(socket));
    });
  });
}

/** A port that was free a moment ago. */
export function findFreePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Sends bytes, and answers with all that comes until the other side ends. */
export async function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  const connection = await openRaw(port);
  connection.write(bytes);
  const text = await connection.ended;
  connection.socket.destroy();
  return text;
}

export function request(method: string, path: string, body?: string, headers: readonly string[] = []): string {
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return [`${method} ${path} HTTP/1.1`, "Host: localhost", ...length, ...headers, "", body ?? ""].join("\r\n");
}

function follow(socket: Socket): RawConnection {
  let text = "";
  let over = false;
  const watchers = new Set<() => void>();
  const look = () => watchers.forEach((watch) => watch());
  const finish = () => {
    over = true;
    look();
  };
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => {
    text += String(chunk);
    look();
  });
  socket.on("error", finish).on("end", finish).on("close", finish);
  const wait = (what: string, fits: () => boolean, endIsFine: boolean) =>
    new Promise<string>((resolve, reject) => {
      const watch = () => {
        if (!fits() && !(over && endIsFine)) {
          if (over) settle(() => reject(new Error(`${what}: the connection ended after ${JSON.stringify(text)}`)));
          return;
        }
        settle(() => resolve(text));
      };
      const settle = (act: () => void) => {
        clearTimeout(timer);
        watchers.delete(watch);
        act();
      };
      const timer = setTimeout(
        () => settle(() => reject(new Error(`${what}: only ${JSON.stringify(text.slice(-500))} in time`))),
        deadlineMs,
      );
      watchers.add(watch);
      watch();
    });
  return {
    socket,
    write: (bytes) => void socket.write(bytes),
    until: (fits) => wait("until", () => fits(text), false),
    get ended() {
      return wait("ended", () => false, true);
    },
  };
}
