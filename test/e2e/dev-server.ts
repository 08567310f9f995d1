import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished, vi } from "vitest";
import type { TrussEvent } from "../../src/events.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = join(root, "bin", "truss-ts.js");

/** How long anything may take; a machine under load is slow, but not for ever. */
export const patience = { timeout: 30_000, interval: 20 };

export interface TestProject {
  readonly dir: string;
  /** Writes as editors do: beside the file, then over it. */
  readonly save: (file: string, text: string) => void;
  readonly read: (file: string) => string;
  readonly remove: (file: string) => void;
}

export function createProject(files: Readonly<Record<string, string>>): TestProject {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "truss-dev-")));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const save = (file: string, text: string) => {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, `${file}.tmp`), text);
    renameSync(join(dir, `${file}.tmp`), join(dir, file));
  };
  const all = { "config.yaml": "model_name: test\n", "package.json": '{"name":"test","type":"module"}\n', ...files };
  for (const [file, text] of Object.entries(all)) save(file, text);
  mkdirSync(join(dir, "node_modules"));
  symlinkSync(root, join(dir, "node_modules", "truss-ts"), "dir");
  return {
    dir,
    save,
    read: (file) => readFileSync(join(dir, file), "utf8"),
    remove: (file) => rmSync(join(dir, file), { recursive: true }),
  };
}

/** A model whose answer is one value, with more to its class where wanted. */
export function modelOf(value: unknown, more = ""): string {
  return `export class Model {\n  predict() { return ${JSON.stringify(value)}; }\n${more}}\n`;
}

export class DevServer {
  readonly process: ChildProcess;
  readonly exited: Promise<number | string>;
  stdout = "";
  stderr = "";

  constructor(dir: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}, json = true) {
    this.process = spawn(
      process.execPath,
      [bin, "dev", dir, ...(json ? ["--json"] : []), ...(args.includes("--port") ? [] : ["--port", "0"]), ...args],
      {
        cwd: tmpdir(),
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.exited = once(this.process, "close").then(([code, signal]: (number | string)[]) => code ?? signal ?? "?");
    this.process.stdout?.on("data", (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.process.stderr?.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    onTestFinished(async () => {
      this.process.kill("SIGKILL");
      await this.exited;
    });
  }

  get events(): TrussEvent[] {
    const lines = this.stdout.split("\n");
    return lines.slice(0, -1).map((line) => JSON.parse(line) as TrussEvent);
  }

  /** The n-th event of a kind, once it has come. */
  async event<K extends TrussEvent["event"]>(kind: K, nth = 1): Promise<Extract<TrussEvent, { event: K }>> {
    return vi.waitFor(() => {
      const found = this.events.filter((event) => event.event === kind)[nth - 1];
      if (found === undefined)
        throw new Error(`no ${kind} number ${nth}\nstdout: ${this.stdout}\nstderr: ${this.stderr}`);
      return found as Extract<TrussEvent, { event: K }>;
    }, patience);
  }

  async url(): Promise<string> {
    return (await this.event("ready")).url;
  }

  async predict(body: unknown = {}, path = "/predict"): Promise<{ status: number; body: unknown }> {
    const headers = { "content-type": "application/json", connection: "close" };
    const answer = await fetch((await this.url()) + path, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: answer.status, body: await answer.json() };
  }

  /** Waits for the answer that an edit should bring; every answer on the way must be a 200. */
  async answers(value: unknown): Promise<void> {
    await vi.waitFor(async () => {
      const { status, body } = await this.predict();
      if (status !== 200) throw new Error(`status ${status} ${JSON.stringify(body)}`);
      if (JSON.stringify(body) !== JSON.stringify(value))
        throw new Error(`${JSON.stringify(body)}\n${this.stdout}\n${this.stderr}`);
    }, patience);
  }

  /** Waits for words on stderr, from a place on where that is given. */
  async told(words: RegExp, from = 0): Promise<void> {
    await vi.waitFor(() => {
      if (!words.test(this.stderr.slice(from))) throw new Error(`${words} not in:\n${this.stderr.slice(from)}`);
    }, patience);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | string> {
    this.process.kill(signal);
    return this.exited;
  }
}

export function startDev(
  project: TestProject,
  args?: readonly string[],
  env?: NodeJS.ProcessEnv,
  json?: boolean,
): DevServer {
  return new DevServer(project.dir, args, env, json);
}

/** Ids of the processes below one, read from /proc. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      continue;
    }
  }
  const below = (parent: number): number[] =>
    [...parents].flatMap(([child, its]) => (its === parent ? [child, ...below(child)] : []));
  return below(pid);
}

/** Whether a process is there and is more than a name in the table. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2)[0] !== "Z";
  } catch {
    return false;
  }
}
