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
  close(): Promise<void>;
}

/** Serves a fixture, a single file with a Model class, by the built command line in a folder of its own. */
export async function startModel(fixture: string): Promise<RunningModel> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "truss-ts-clients-")));
  await mkdir(join(root, "model"));
  await mkdir(join(root, "node_modules"));
  await copyFile(new URL(`../../fixtures/${fixture}`, import.meta.url), join(root, "model", "model.ts"));
  await symlink(repository, join(root, "node_modules", "truss-ts"), "dir");
  await writeFile(join(root, "config.yaml"), "model_name: clients\n");
  await writeFile(join(root, "package.json"), '{ "type": "module", "private": true }\n');

  const bin = join(repository, "bin", "truss-ts.js");
  const child = spawn(process.execPath, [bin, "serve", root, "--port", "0", "--host", "127.0.0.1", "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const url = await readyUrl(child).catch(async (error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  return {
    url,
    bases: { local: url, platform: `${url}/environments/production/sync` },
    async waitFor(what, model) {
      const body = JSON.stringify({ wait: what, model });
      const response = await fetch(`${url}/predict`, { method: "POST", body, signal: AbortSignal.timeout(deadlineMs) });
      if (!response.ok) throw new Error(`${what} of ${model}: ${response.status} ${await response.text()}`);
    },
    async close() {
      await ended(child, "SIGTERM");
      await rm(root, { recursive: true, force: true });
    },
  };
}

function readyUrl(child: ChildProcess): Promise<string> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("the server has no pipes");
  let story = "";
  stderr.setEncoding("utf8").on("data", (text: string) => (story = (story + text).slice(-8000)));
  return new Promise((resolve, reject) => {
    const fail = (what: string) => reject(new Error(`${what}\n${story}`));
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
