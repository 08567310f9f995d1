import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Route = (request: SeenRequest, answer: ServerResponse) => unknown;

export interface FakeServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /** For `process.env`: Baseten is this server, and nothing of the machine's own accounts shows through. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export const goodKey = "goodgood.0123456789abcdefghijklmnopqrstuvwxyz";

const ada = { user_id: "u1", email: "ada@example.com", name: "Ada", workspace_name: "analytics" };

/** Baseten, as far as an account is concerned. A route is `GET /v1/models`; what it returns is sent as JSON. */
export async function startFake(routes: Readonly<Record<string, Route>>, home: string): Promise<FakeServer> {
  const seen: SeenRequest[] = [];
  const all: Readonly<Record<string, Route>> = { "GET /v1/users/me": () => ada, ...routes };
  const server = createServer((incoming, outgoing) => void handle(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, seen, env: { ...cleanEnvironment(home), BASETEN_MANAGEMENT_API_URL_OVERRIDE: url } };

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await read(incoming);
    seen.push(request);
    if (request.headers.authorization !== `Bearer ${goodKey}`) return send(outgoing, 401, { error: "Invalid API key" });
    const route = all[`${request.method} ${request.path}`];
    if (route === undefined) return send(outgoing, 404, { error: "not found" });
    const value = await route(request, outgoing);
    if (!outgoing.headersSent) send(outgoing, 200, value);
  }
}

export function send(outgoing: ServerResponse, status: number, value: unknown): void {
  outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

/** Neither this machine's keys nor its settings. */
export function cleanEnvironment(home: string): Record<string, string | undefined> {
  const names = Object.keys(process.env).filter((name) => name.startsWith("BASETEN_"));
  const none = Object.fromEntries([...names, "XDG_CONFIG_HOME", "USER_TRUSSRC_PATH"].map((name) => [name, undefined]));
  return { ...none, HOME: home, USERPROFILE: home };
}

async function read(incoming: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const url = new URL(incoming.url ?? "/", "http://fake");
  const { method = "", headers } = incoming;
  return { method, path: url.pathname, query: url.searchParams, headers, body: Buffer.concat(chunks).toString() };
}
