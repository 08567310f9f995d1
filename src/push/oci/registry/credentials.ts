import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Reporter } from "../../../events.ts";
import { homeFolder } from "../../../lib/home-folder.ts";
import { type JsonObject, asObject, asString, parseObject } from "../json.ts";
import type { Repository } from "../types.ts";

/** How somebody is known to a registry. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** A refresh token, which the registry's token server changes into others. */
  | { readonly kind: "token"; readonly token: string };

const helperDeadlineMs = 30_000;

/** What docker, podman and their credential helpers know of a repository's registry; undefined: nothing. */
export async function findCredentials(
  repository: Repository,
  report: Reporter,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Credentials | undefined> {
  for (const file of authFiles(env)) {
    const config = parseObject(await readFile(file, "utf8").catch(() => "null"));
    const found = config && ((await askHelper(config, repository, report, env)) ?? readAuths(config, repository));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** In the order in which they are looked at. */
export function authFiles(env: NodeJS.ProcessEnv): readonly string[] {
  const home = homeFolder(env) ?? "/";
  const asked = env["REGISTRY_AUTH_FILE"];
  const runtime = env["XDG_RUNTIME_DIR"];
  return [
    ...(asked ? [asked] : []),
    join(env["DOCKER_CONFIG"] || join(home, ".docker"), "config.json"),
    ...(runtime ? [join(runtime, "containers", "auth.json")] : []),
    join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "containers", "auth.json"),
  ];
}

/** `auths`: by repository, namespace or host, the longest name first, as podman does. */
function readAuths(config: JsonObject, repository: Repository): Credentials | undefined {
  const entries = Object.entries(asObject(config["auths"]) ?? {});
  const known = new Map(entries.map(([key, value]) => [normalKey(key), asObject(value) ?? {}]));
  for (const key of keysOf(repository)) {
    const found = readAuth(known.get(key) ?? {});
    if (found !== undefined) return found;
  }
  return undefined;
}

function readAuth(entry: JsonObject): Credentials | undefined {
  const token = asString(entry["identitytoken"]);
  if (token) return { kind: "token", token };
  const { username, password, auth } = entry;
  if (typeof username === "string" && typeof password === "string" && password !== "") {
    return { kind: "password", username, password };
  }
  const [, user, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(asString(auth) ?? "", "base64").toString("utf8")) ?? [];
  if (user === undefined || secret === undefined) return undefined;
  // Docker once padded them.
  return { kind: "password", username: user, password: secret.replace(/\0+$/, "") };
}

function keysOf({ registry, name }: Repository): readonly string[] {
  const parts = name.split("/");
  return [...parts.keys()].map((at) => [registry, ...parts.slice(0, parts.length - at)].join("/")).concat(registry);
}

const hubNames: ReadonlySet<string> = new Set(["index.docker.io", "registry-1.docker.io", "docker.io"]);

/** `https://index.docker.io/v1/`, `https://host`, `host/` and `host` are all in use. */
function normalKey(key: string): string {
  const bare = key.replace(/^https?:\/\//, "").replace(/\/(v[12]\/?)?$/, "");
  const [host = "", ...path] = bare.split("/");
  return [hubNames.has(host) ? "docker.io" : host, ...path].join("/");
}

/** `credHelpers` are for one registry each, `credsStore` is for all. */
async function askHelper(
  config: JsonObject,
  { registry }: Repository,
  report: Reporter,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  const helpers = Object.entries(asObject(config["credHelpers"]) ?? {});
  const own = helpers.find(([key]) => normalKey(key) === registry)?.[1];
  const helper = asString(own) ?? asString(config["credsStore"]);
  if (helper === undefined || helper === "") return undefined;
  // It becomes a program's name.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(helper)) return undefined;
  const server = registry === "docker.io" ? "https://index.docker.io/v1/" : registry;
  const answer = await runHelper(`docker-credential-${helper}`, server, env);
  if (answer.ok) return readHelperAnswer(answer.stdout);
  // A registry that asks for nothing is served all the same; one that does will say so.
  if (answer.why !== undefined) {
    report({
      event: "warning",
      message: `docker-credential-${helper} gave no credentials for ${registry}: ${answer.why}`,
    });
  }
  return undefined;
}

function readHelperAnswer(stdout: string): Credentials | undefined {
  const { Username: username, Secret: secret } = parseObject(stdout) ?? {};
  if (typeof username !== "string" || typeof secret !== "string" || secret === "") return undefined;
  if (username === "<token>") return { kind: "token", token: secret };
  return { kind: "password", username, password: secret };
}

type HelperAnswer =
  | { readonly ok: true; readonly stdout: string }
  /** No reason: it knows of no credentials, which is no failure. */
  | { readonly ok: false; readonly why?: string };

function runHelper(program: string, server: string, env: NodeJS.ProcessEnv): Promise<HelperAnswer> {
  return new Promise((resolve) => {
    const child = spawn(program, ["get"], { env, stdio: ["pipe", "pipe", "ignore"], timeout: helperDeadlineMs });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.once("error", ({ code }: NodeJS.ErrnoException) => {
      resolve({ ok: false, why: code === "ENOENT" ? "there is no such program" : `it could not be run (${code})` });
    });
    child.once("close", (code, signal) => {
      if (code === 0) resolve({ ok: true, stdout });
      else if (/not found/i.test(stdout)) resolve({ ok: false });
      else resolve({ ok: false, why: `it ended with ${code === null ? String(signal) : `exit code ${code}`}` });
    });
    child.stdin.on("error", () => undefined).end(`${server}\n`);
  });
}
