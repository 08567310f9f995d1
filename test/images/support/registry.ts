import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { makeFolder, tool } from "./tools.ts";

export interface Registry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** What was asked of it: `PUT /v2/…`, one line for each request that was answered. */
  readonly requests: string[];
  /** How many blobs were brought to it since it was last asked. */
  countUploads(): Promise<number>;
  close(): Promise<void>;
}

const deadlineMs = 20_000;

export type Auth =
  | { readonly kind: "basic"; readonly user: string; readonly password: string }
  | { readonly kind: "token"; readonly realm: string; readonly service: string; readonly certificate: string };

/** Debian's docker-registry on a free port of this machine. */
export async function startRegistry(auth?: Auth): Promise<Registry> {
  const folder = makeFolder("registry");
  const port = await findPort();
  const config = join(folder.path, "config.yml");
  writeFileSync(config, configOf(folder.path, port, auth));
  const child = spawn("docker-registry", ["serve", config], { stdio: ["ignore", "pipe", "pipe"] });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const requests: string[] = [];
  const lines = createInterface({ input: child.stdout }).on("line", (line) => {
    const [, request] = /"([A-Z]+ \S+) HTTP\/1.1" (?:2\d\d|3\d\d) /.exec(line) ?? [];
    if (request !== undefined) requests.push(request);
  });
  /** The log comes later than the answers: all before a request of our own has come when that has. */
  const caughtUp = async () => {
    const mark = `/?mark=${randomUUID()}`;
    const told = new Promise<void>((resolve) => lines.on("line", (line) => line.includes(mark) && resolve()));
    await fetch(`http://127.0.0.1:${port}${mark}`);
    await told;
  };
  await listening(child.stderr);
  let seen = 0;
  return {
    host: `127.0.0.1:${port}`,
    requests,
    async countUploads() {
      await caughtUp();
      const fresh = requests.slice(seen);
      seen = requests.length;
      return fresh.filter((line) => /^PUT .*\/blobs\/uploads\//.test(line)).length;
    },
    async close() {
      child.kill("SIGKILL");
      await closed;
      folder.remove();
    },
  };
}

function configOf(folder: string, port: number, auth: Auth | undefined): string {
  return `version: 0.1
log: { level: info }
storage: { filesystem: { rootdirectory: "${join(folder, "content")}" }, delete: { enabled: true } }
http: { addr: "127.0.0.1:${port}" }
${auth === undefined ? "" : authOf(folder, auth)}`;
}

function authOf(folder: string, auth: Auth): string {
  if (auth.kind === "basic") {
    const file = join(folder, "htpasswd");
    writeFileSync(file, tool("htpasswd", ["-nbB", auth.user, auth.password]));
    return `auth: { htpasswd: { realm: test, path: "${file}" } }\n`;
  }
  const { realm, service, certificate } = auth;
  return `auth: { token: { realm: "${realm}", service: "${service}", issuer: test, rootcertbundle: "${certificate}" } }\n`;
}

function findPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

function listening(log: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error(`the registry does not listen\n${text}`)), deadlineMs);
    log.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      if (!text.includes("listening on")) return;
      clearTimeout(timer);
      resolve();
    });
  });
}
