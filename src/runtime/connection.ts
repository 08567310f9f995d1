import type { Socket } from "node:net";

/**
 * Makes this process read nothing more of a connection, so that what the client sends from here on is found by the
 * process that gets it. pause() alone lets Node read one more chunk, and lose it with the hand-over; the handle itself
 * must stop. Not a public call, but there is none.
 */
export function stopReading(socket: Socket): void {
  socket.pause();
  callMember(Reflect.get(socket, "_handle"), "readStop");
}

function callMember(target: unknown, name: string): unknown {
  if (typeof target !== "object" || target === null) return undefined;
  const member: unknown = Reflect.get(target, name);
  return typeof member === "function" ? Reflect.apply(member, target, []) : undefined;
}
