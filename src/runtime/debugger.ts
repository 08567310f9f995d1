import inspector from "node:inspector";

/** Opens Node's debugger on the loopback; returns its WebSocket's URL, or `undefined` where the port is taken. */
export function openDebugger(port: number): string | undefined {
  if (inspector.url() === undefined) inspector.open(port, "127.0.0.1");
  return inspector.url();
}

/** Sends debuggers away. Without this the end of a process would wait for them to leave. */
export function closeDebugger(): void {
  if (inspector.url() !== undefined) inspector.close();
}

export function isDebugged(): boolean {
  return inspector.url() !== undefined;
}
