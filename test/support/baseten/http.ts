import { once } from "node:events";
import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as a server saw it, with all of its body. */
export interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Answers in place of the fake. Whoever reads the body must do so itself. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => void;

/** Faults to come, by method and path; each is used up by one request. */
export function createFaults() {
  const queue: { readonly route: string; readonly fault: Fault; left: number }[] = [];
  return {
    add(route: string, fault: Fault, times = 1): void {
      queue.push({ route, fault, left: times });
    },
    take({ method = "", url = "" }: IncomingMessage): Fault | undefined {
      const path = url.split("?", 1)[0] ?? "";
      const found = queue.find((entry) => entry.left > 0 && matches(entry.route, `${method} ${path}`));
      if (found !== undefined) found.left -= 1;
      return found?.fault;
    },
  };
}

/** `GET /v1/models/*`: a star stands for anything. */
function matches(route: string, asked: string): boolean {
  const pattern = route.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${pattern.join(".*")}$`).test(asked);
}

export async function listen(listener: RequestListener) {
  const server = createServer(listener);
  // What is trickled or cut on purpose must not be ended by the server's own patience.
  server.requestTimeout = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

export function answerJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** Faults that any server can have. */
export const faults = {
  status:
    (status: number, body: unknown, headers: Record<string, string> = {}): Fault =>
    (request, response) => {
      request.resume();
      request.on("end", () => answerJson(response, status, body, headers));
    },
  xml:
    (status: number, text: string): Fault =>
    (request, response) => {
      request.resume();
      request.on("end", () => response.writeHead(status, { "content-type": "application/xml" }).end(text));
    },
  /** A 200 that is not what a program expects. */
  text:
    (text: string, type = "text/html"): Fault =>
    (request, response) => {
      request.resume();
      request.on("end", () => response.writeHead(200, { "content-type": type }).end(text));
    },
  /** Takes the whole request, and is gone. */
  hangUp: (): Fault => (request) => {
    request.resume();
    request.on("end", () => request.socket.destroy());
  },
  /** Is gone in the middle of its answer. */
  cutAnswer: (): Fault => (request, response) => {
    request.resume();
    request.on("end", () => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"models":', () => response.destroy());
    });
  },
  /** Is gone while it is being written to. */
  cutRequest: (): Fault => (request) => {
    request.once("data", () => request.socket.destroy());
  },
  redirect:
    (to: string): Fault =>
    (request, response) => {
      request.resume();
      request.on("end", () => response.writeHead(307, { location: to }).end());
    },
};
