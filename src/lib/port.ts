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
