import { createPrivateKey, randomUUID, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { makeFolder, tool } from "./tools.ts";

export interface TokenServer {
  readonly realm: string;
  readonly service: string;
  /** Path of the certificate that its tokens are signed by. */
  readonly certificate: string;
  /** What was asked for: scopes and the user's name. */
  readonly asked: { readonly scopes: readonly string[]; readonly user: string | undefined; readonly how: string }[];
  close(): void;
}

/** Hands out the tokens of the distribution specification; pushes are for one user alone. */
export async function startTokenServer(user: string, password: string, lifeSeconds: number): Promise<TokenServer> {
  const folder = makeFolder("tokens");
  const [key, certificate] = [join(folder.path, "key.pem"), join(folder.path, "cert.pem")];
  const subject = ["-subj", "/CN=test", "-days", "2"];
  tool("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, ...subject]);
  const asked: TokenServer["asked"] = [];
  const service = "test-registry";
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const url = new URL(request.url ?? "/", "http://x");
    const form = request.method === "POST" ? new URLSearchParams(body) : url.searchParams;
    const scopes = form.getAll("scope").flatMap((scope) => scope.split(" "));
    const given = Buffer.from((request.headers.authorization ?? "").replace(/^Basic /, ""), "base64").toString();
    const known = given === `${user}:${password}` || form.get("refresh_token") === password;
    asked.push({ scopes, user: known ? user : undefined, how: request.method ?? "" });
    if (given !== "" && !known) return void response.writeHead(401).end("{}");
    const access = scopes.map((scope) => {
      const [type, name, actions = ""] = scope.split(":");
      return { type, name, actions: actions.split(",").filter((action) => known || action === "pull") };
    });
    const token = makeToken({ key, certificate, service, access, lifeSeconds });
    response.end(JSON.stringify({ token, access_token: token, expires_in: lifeSeconds }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    realm: `http://127.0.0.1:${port}/token`,
    service,
    certificate,
    asked,
    close() {
      server.closeAllConnections();
      server.close();
      folder.remove();
    },
  };
}

interface TokenParts {
  readonly key: string;
  readonly certificate: string;
  readonly service: string;
  readonly access: unknown;
  readonly lifeSeconds: number;
}

function makeToken({ key, certificate, service, access, lifeSeconds }: TokenParts): string {
  const der = readFileSync(certificate, "utf8").replaceAll(/-----[A-Z ]+-----|\s/g, "");
  const now = Math.floor(Date.now() / 1000);
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const times = { iat: now - 5, nbf: now - 5, exp: now + lifeSeconds };
  const claims = { iss: "test", aud: service, sub: "", jti: randomUUID(), access, ...times };
  const signed = `${encode({ typ: "JWT", alg: "RS256", x5c: [der] })}.${encode(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), createPrivateKey(readFileSync(key))).toString("base64url")}`;
}
