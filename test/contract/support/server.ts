import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openImage, startOf } from "../../images/support/rootfs.ts";
import { openArtifact } from "./artifact.ts";
import { makeProject, repository } from "./project.ts";
import type { Fixture, OpenOptions, Target } from "./target.ts";

const deadlineMs = 30_000;

/** `artifact`: packaged, and unpacked where neither the project nor truss-ts is; `image`: so, in a root of its own. */
export type ServeCommand = "serve" | "dev" | "artifact" | "image";

export interface ServerOptions extends OpenOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** @default any free one */
  readonly port?: number;
  /** Further flags. */
  readonly flags?: readonly string[];
}

export interface Event {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** The built command line or an artefact, serving a fixture from a folder of its own. */
export interface Server extends Target {
  readonly root: string;
  readonly port: number;
  readonly child: ChildProcess;
  readonly events: readonly Event[];
  /** Lines of stdout that are no JSON. */
  readonly odd: readonly string[];
  /** The first event, past or to come, that fits; fails when the server ends or takes too long. */
  event(fits: (event: Event) => boolean): Promise<Event>;
  /** Waits for the log to say something. */
  logged(what: RegExp): Promise<RegExpExecArray>;
  /** Code or signal of the end, once it has come. */
  readonly ended: Promise<number | string>;
}

export async function openServer(
  command: ServeCommand,
  fixture: Fixture,
  options: ServerOptions = {},
): Promise<Server> {
  const server = await startServer(command, fixture, options);
  try {
    await server.event(({ event }) => event === "ready");
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

/** Starts without waiting for anything but the folder. */
export async function startServer(
  command: ServeCommand,
  fixture: Fixture,
  { config, env = {}, port = 0, flags = [] }: ServerOptions = {},
): Promise<Server> {
  const { folder, program, args, variables } = await prepare(command, fixture, { config, port, flags });
  const child = spawn(program, args, {
    cwd: command === "artifact" ? tmpdir() : process.cwd(),
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...(command === "image" ? {} : process.env), ...variables, ...env },
  });
  const ended = new Promise<number | string>((resolve) =>
    child.once("close", (code, signal) => resolve(code ?? String(signal))),
  );
  const story = follow(child, ended);
  const ready = () => story.events.find(({ event }) => event === "ready");
  const url = () => String(ready()?.["url"]);
  return {
    root: folder.root,
    child,
    ended,
    ...story,
    get url() {
      return url();
    },
    get port() {
      return Number(new URL(url()).port);
    },
    fetch: (path, init = {}) => fetch(url() + path, { signal: AbortSignal.timeout(deadlineMs), ...init }),
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
        await ended;
        clearTimeout(timer);
      }
      await folder.remove();
    },
  };
}

async function prepare(
  command: ServeCommand,
  fixture: Fixture,
  { config, port, flags }: { config: string | undefined; port: number; flags: readonly string[] },
) {
  if (command === "artifact") {
    const folder = await openArtifact(fixture, config);
    const variables = { TRUSS_TS_PORT: String(port), TRUSS_TS_HOST: "127.0.0.1" };
    return { folder, program: process.execPath, args: [join(folder.root, "model", "server.mjs")], variables };
  }
  if (command === "image") {
    const folder = await openImage(fixture, config);
    const variables = { NODE_ENV: "production", TRUSS_TS_PORT: String(port), TRUSS_TS_HOST: "127.0.0.1" };
    return { folder, ...startOf(folder.root), variables };
  }
  const folder = await makeProject(fixture, config);
  const bin = join(repository, "bin", "truss-ts.js");
  const args = [bin, command, folder.root, "--port", String(port), "--json", "--host", "127.0.0.1", ...flags];
  return { folder, program: process.execPath, args, variables: {} };
}

/** Collects what a server says, and lets others wait for it. */
function follow(child: ChildProcess, ended: Promise<unknown>) {
  const events: Event[] = [];
  const odd: string[] = [];
  const watchers = new Set<() => void>();
  let log = "";
  const look = () => watchers.forEach((watch) => watch());
  if (child.stdout === null || child.stderr === null) throw new Error("the server has no pipes");
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
    look();
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    try {
      events.push(JSON.parse(line) as Event);
    } catch {
      odd.push(line);
    }
    look();
  });

  const until = <T>(what: string, find: () => T | undefined) =>
    new Promise<T>((resolve, reject) => {
      const settle = (error?: string) => {
        clearTimeout(timer);
        watchers.delete(watch);
        if (error !== undefined) reject(new Error(`${what}: ${error}\n${JSON.stringify(events)}\n${log}`));
      };
      const watch = () => {
        const found = find();
        if (found === undefined) return;
        settle();
        resolve(found);
      };
      const timer = setTimeout(() => settle("not in time"), deadlineMs);
      watchers.add(watch);
      void ended.then(() => (watch(), watchers.has(watch) && settle("the server has ended")));
      watch();
    });
  return {
    events,
    odd,
    log: () => log,
    event: (fits: (event: Event) => boolean) => until(`event ${fits.toString()}`, () => events.find(fits)),
    logged: (what: RegExp) => until(`log ${what}`, () => what.exec(log) ?? undefined),
  };
}
