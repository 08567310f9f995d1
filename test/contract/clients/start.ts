import { type ChildProcess, spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const deadlineMs = 30_000;

export interface RunningModel {
  /** Where it serves, without a slash at the end. */
  readonly url: string;
  /** Both kinds of path that a `/v1` route answers under. */
  readonly bases: { readonly local: string; readonly platform: string };
  /** Settles once a request for `model` has begun, or has seen its client leave. */
  waitFor(what: "start" | "abort", model: string): Promise<void>;
  /** The process that the command line started. */
  readonly child: ChildProcess;
  close(): Promise<void>;
}

/** The Node that serves: that of `npm test`, where the clients themselves need a newer one. */
const servingNode = process.env["TRUSS_TS_SERVING_NODE"] ?? process.execPath;

/** Serves a fixture, a single file with a Model class, by the built command line in a folder of its own. */
export async function startModel(
  fixture: string,
  command: "serve" | "dev" = "serve",
  config = "model_name: clients\n",
): Promise<RunningModel> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "truss-ts-clients-")));
  await mkdir(join(root, "model"));
  await mkdir(join(root, "node_modules"));
  await copyFile(new URL(`../../fixtures/${fixture}`, import.meta.url), join(root, "model", "model.ts"));
  await symlink(repository, join(root, "node_modules", "truss-ts"), "dir");
  await writeFile(join(root, "config.yaml"), config);
  await writeFile(join(root, "package.json"), '{ "type": "module", "private": true }\n');

  const bin = join(repository, "bin", "truss-ts.js");
  const child = spawn(servingNode, [bin, command, root, "--port", "0", "--host", "127.0.0.1", "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = listen(child);
  const url = await readyUrl(child, said).catch(async (error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  return {
    url,
    child,
    bases: { local: url, platform: `${url}/environments/production/sync` },
    async waitFor(what, model) {
      const body = JSON.stringify({ wait: what, model });
      const signal = AbortSignal.timeout(deadlineMs);
      const fail = (why: string) => new Error(`${what} of ${model}: ${why}\n${said()}`);
      const response = await fetch(`${url}/predict`, { method: "POST", body, signal }).catch((error: unknown) => {
        throw fail(String(error));
      });
      if (!response.ok) throw fail(`${response.status} ${await response.text()}`);
    },
    async close() {
      await ended(child, "SIGTERM");
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** What a server has said lately, for the message of a test that failed. */
function listen(child: ChildProcess): () => string {
  let story = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (story = (story + text).slice(-8000)));
  }
  return () => story;
}

function readyUrl(child: ChildProcess, said: () => string): Promise<string> {
  const { stdout } = child;
  if (stdout === null) throw new Error("the server has no pipes");
  return new Promise((resolve, reject) => {
    const fail = (what: string) => reject(new Error(`${what}\n${said()}`));
    const timer = setTimeout(() => fail("the server was not ready in time"), deadlineMs);
    child.once("exit", (code, signal) => fail(`the server ended with ${String(code ?? signal)}`));
    createInterface({ input: stdout }).on("line", (line) => {
      const event = JSON.parse(line) as { event: string; url?: string };
      if (event.event !== "ready" || event.url === undefined) return;
      clearTimeout(timer);
      resolve(event.url);
    });
  });
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), deadlineMs);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill(signal);
  });
}

/** The text that the fixture generates. */
export const helloText = "Hello, wörld 👋\n";

/** What clients are told of an error that was not meant for them. */
export const hiddenMessage = "Internal Server Error (in model/chainlet).";

/** What `work` throws; fails when it does not throw. */
export async function thrownBy(work: () => unknown): Promise<Error & Record<string, unknown>> {
  try {
    await work();
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error("nothing was thrown");
}

export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
