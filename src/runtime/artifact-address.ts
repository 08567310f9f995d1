import { parsePort } from "../lib/port.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Where a packaged model listens. `PORT` counts only in our own images: on Baseten another server owns the port that
 * it names.
 *
 * @throws TrussError PORT_INVALID
 */
export function artifactPort(env: Variables, configured: number): number {
  const own = env["TRUSS_TS_PORT"];
  if (own !== undefined && own !== "") return parsePort(own);
  if (env["TRUSS_TS_CONTAINER"] !== "1") return configured;
  const port = env["PORT"];
  return port === undefined || port === "" ? 8080 : parsePort(port);
}

/** Never `HOSTNAME`, which names the container. */
export function artifactHost(env: Variables): string {
  const host = env["TRUSS_TS_HOST"];
  return host === undefined || host === "" ? "0.0.0.0" : host;
}
