import { TrussError, exitCodes } from "../errors.ts";

/** A port as people type it: a whole number from 0 to 65535. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new TrussError("PORT_INVALID", `"${text}" is not a port`, {
    hint: "give a whole number from 0 to 65535; 0 means any free one",
    exitCode: exitCodes.usage,
  });
}

/** Why a server cannot listen: PORT_IN_USE, PORT_INVALID (not permitted) or HOST_INVALID. */
export function listenError(failure: NodeJS.ErrnoException, host: string, port: number): TrussError {
  switch (failure.code) {
    case "EADDRINUSE":
      return new TrussError("PORT_IN_USE", `port ${port} is in use`, {
        hint: "stop the program that uses it, or give another one with --port (0: any free one)",
        cause: failure,
      });
    case "EACCES":
    case "EPERM":
      return new TrussError("PORT_INVALID", `port ${port} may not be used by this account`, {
        hint: "give a port above 1023 with --port",
        cause: failure,
      });
    default:
      return new TrussError("HOST_INVALID", `cannot listen on ${host} (${failure.code ?? failure.message})`, {
        hint: "give an address of this machine with --host, such as 127.0.0.1 or 0.0.0.0",
        cause: failure,
      });
  }
}
