/** The URL at which a server that listens on this address is reached from this machine. */
export function serverUrl(host: string, port: number): string {
  const everywhere = host === "" || host === "0.0.0.0" || host === "::";
  const shown = everywhere ? "127.0.0.1" : host;
  return `http://${shown.includes(":") ? `[${shown}]` : shown}:${port}`;
}
