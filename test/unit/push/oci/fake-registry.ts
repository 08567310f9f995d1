import { createHash, randomUUID } from "node:crypto";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { onTestFinished } from "vitest";

/** One request, as a fault sees it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** Answers in the registry's place; undefined leaves the request to it. */
export type Fault = (seen: Seen, response: ServerResponse, registry: FakeRegistry) => boolean | undefined;

export interface FakeRegistry {
  readonly host: string;
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, { readonly type: string; readonly bytes: Buffer }>;
  readonly seen: Seen[];
  /** `PUT /v2/…` of all requests so far. */
  lines(): string[];
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A registry in memory, strict about what it is sent. */
export async function startFakeRegistry(fault: Fault = () => undefined): Promise<FakeRegistry> {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, { type: string; bytes: Buffer }>();
  const sessions = new Map<string, Buffer>();
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      return;
    }
    const entry = {
      method: request.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks),
    };
    seen.push(entry);
    if (fault(entry, response, registry) === true) return;
    answer(entry, response, { blobs, manifests, sessions });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const registry: FakeRegistry = {
    host: `127.0.0.1:${port}`,
    blobs,
    manifests,
    seen,
    lines: () => seen.map(({ method, path }) => `${method} ${path}`),
  };
  return registry;
}

interface Content {
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, { type: string; bytes: Buffer }>;
  readonly sessions: Map<string, Buffer>;
}

function answer({ method, path, query, headers, body }: Seen, response: ServerResponse, content: Content): void {
  const { blobs, manifests, sessions } = content;
  const say = (status: number, more: Record<string, string> = {}, bytes?: Uint8Array) => {
    response.writeHead(status, more);
    response.end(method === "HEAD" ? undefined : bytes);
  };
  if (path === "/v2/") return say(200);
  const manifest = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(path);
  if (manifest !== null) {
    const [, name = "", reference = ""] = manifest;
    if (method === "PUT") {
      const stored = { type: headers["content-type"] ?? "", bytes: body };
      manifests.set(`${name}:${reference}`, stored);
      manifests.set(`${name}:${digestOf(body)}`, stored);
      return say(201, { "docker-content-digest": digestOf(body) });
    }
    const found = manifests.get(`${name}:${reference}`);
    if (found === undefined)
      return say(404, {}, Buffer.from('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}'));
    return say(200, { "content-type": found.type, "docker-content-digest": digestOf(found.bytes) }, found.bytes);
  }
  const upload = /^\/v2\/(.+)\/blobs\/uploads\/([^/]*)$/.exec(path);
  if (upload !== null) {
    const [, name = "", id = ""] = upload;
    if (method === "POST") {
      const fresh = randomUUID();
      sessions.set(fresh, Buffer.alloc(0));
      return say(202, { location: `/v2/${name}/blobs/uploads/${fresh}?_state=a%2Fb%3D%3D` });
    }
    const before = sessions.get(id);
    if (before === undefined || query.get("_state") !== "a/b==") return say(404);
    if (method === "PATCH") {
      if (headers["content-range"] !== `${before.length}-${before.length + body.length - 1}`) return say(416);
      sessions.set(id, Buffer.concat([before, body]));
      return say(202, { location: path + "?_state=a%2Fb%3D%3D" });
    }
    const whole = Buffer.concat([before, body]);
    sessions.delete(id);
    if (digestOf(whole) !== query.get("digest"))
      return say(400, {}, Buffer.from('{"errors":[{"code":"DIGEST_INVALID"}]}'));
    blobs.set(digestOf(whole), whole);
    return say(201, { location: `/v2/${name}/blobs/${digestOf(whole)}` });
  }
  const blob = blobs.get(path.slice(path.lastIndexOf("/") + 1));
  if (blob === undefined) return say(404);
  return say(200, { "content-length": String(blob.length) }, blob);
}
