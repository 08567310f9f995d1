import type { Duplex } from "node:stream";
import { ClientGone } from "./input.ts";
import type { Release, Slots } from "./limits.ts";

/**
 * A place for a connection that is about to become a WebSocket, in the one queue of all calls. Rejects with
 * {@link ClientGone} when its client leaves first, and with an `HttpError` 429 as any other call.
 */
export function takeTurn(slots: Slots, socket: Duplex): Promise<Release> {
  const free = slots.tryAcquire();
  return free === undefined ? waitForTurn(slots, socket) : Promise.resolve(free);
}

async function waitForTurn(slots: Slots, socket: Duplex): Promise<Release> {
  const gone = new AbortController();
  const leave = () => gone.abort(new ClientGone());
  // The end of a connection is found by reading; what its client says too early stays where it is.
  const look = () => {
    if (socket.readableLength === 0) socket.read();
  };
  socket.on("readable", look).on("end", leave).on("close", leave);
  try {
    return await slots.acquire(gone.signal);
  } finally {
    socket.off("readable", look).off("end", leave).off("close", leave);
  }
}
