import { TrussError, exitCodes } from "../errors.ts";

/**
 * An address to listen on, as people type it. An empty one, such as an unset `$HOST`, would mean every network.
 *
 * @throws TrussError HOST_INVALID (exit code 2)
 */
export function parseHost(text: string): string {
  if (text.trim() !== "") return text.trim();
  throw new TrussError("HOST_INVALID", "--host is empty", {
    hint: "give an address of this machine, such as 127.0.0.1; 0.0.0.0 means every network",
    exitCode: exitCodes.usage,
  });
}
