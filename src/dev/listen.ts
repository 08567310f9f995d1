import type { Server } from "node:http";
import { listenError } from "../lib/port.ts";

export interface ListenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Fail rather than move to another port. */
  readonly strictPort: boolean;
}

/** How many ports after the wanted one are tried before the system is asked for any. */
const nextPorts = 50;

/**
 * Listens, on the next free port where the wanted one is taken.
 *
 * @returns the port
 * @throws TrussError PORT_IN_USE, PORT_INVALID (not permitted) or HOST_INVALID
 */
export async function listen(server: Server, options: ListenOptions): Promise<number> {
  let inUse: NodeJS.ErrnoException | undefined;
  for (const port of candidates(options)) {
    const failure = await tryPort(server, options.host, port);
    if (failure === undefined) return boundPort(server);
    if (failure.code !== "EADDRINUSE") throw listenError(failure, options.host, port);
    inUse = failure;
  }
  throw listenError(inUse ?? new Error("no port was tried"), options.host, options.port);
}

function candidates({ port, strictPort }: ListenOptions): number[] {
  if (strictPort || port === 0) return [port];
  const next = Array.from({ length: nextPorts }, (_, at) => port + at).filter((each) => each <= 65_535);
  return [...next, 0];
}

function tryPort(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.once("error", resolve);
    server.listen({ host, port }, () => {
      server.off("error", resolve);
      resolve(undefined);
    });
  });
}

function boundPort(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
