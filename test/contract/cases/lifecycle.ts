import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { appears, errorShapes, families, faultOf, notReady, noted, post, predict } from "../support/calls.ts";
import { exchange, findFreePort, openRaw, request } from "../support/raw.ts";
import { type ServeCommand, type Server, type ServerOptions, openServer, startServer } from "../support/server.ts";
import { closing, once } from "./websocket.ts";

const open: Server[] = [];
const folders: string[] = [];

/** What needs a process of its own. */
export function defineLifecycle(command: ServeCommand): void {
  afterEach(async () => {
    await Promise.all(open.splice(0).map((server) => server.close()));
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
  });
  const start: Start = async (life, env = {}, port = 0) =>
    keep(await startServer(command, "lifecycle", { port, env: { LIFECYCLE: life, ...env } }));

  defineEnvironment(command);
  defineShutdown(command);
  defineBusyPort(command);
  if (command !== "dev") defineLoading(start);
  if (command !== "dev") defineFailures(start);
}

type Start = (life: string, env?: Record<string, string>, port?: number) => Promise<Server>;

/** In production the port is listened on before the model is there; which port it has is told only afterwards, so one is chosen. */
function defineLoading(start: Start): void {
  describe("while the model loads", () => {
    it("T2 T5 T6 T7 T10 T26 T85 probes tell, requests wait, then are served", async () => {
      const go = join(await makeFolder(), "go");
      const port = await findFreePort();
      const server = await start("slow", { GO_FILE: go }, port);
      const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
      await server.logged(/load attempt 1/);

      for (const path of ["/", "/health/live"]) expect(await (await ask(path)).json()).toBe(true);
      for (const path of [
        "/v1/models/model",
        "/v1/models/model/loaded",
        "/ping",
        "/environments/production/sync/v1/models/model",
      ]) {
        const response = await ask(path);
        expect(response.status).toBe(503);
        expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
        expect(faultOf(response)).toBe("600");
        expect(await response.json()).toEqual({ error: notReady });
      }
      expect(await (await ask("/v1/models/model/schema")).json()).toEqual({
        error: "Schema not available, please try again later.",
      });
      const upgrade = new WebSocket(`ws://127.0.0.1:${port}/v1/websocket`);
      await expect(once(upgrade, "open")).rejects.toThrow("503");

      let answered = 0;
      const waiting = ["/predict", "/v1/nothing", "/environments/production/predict"].map((path) =>
        fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body: "{}" }).finally(() => (answered += 1)),
      );
      expect((await waiting[1])?.status).toBe(404);
      expect((await ask("/ping")).status).toBe(503);
      expect(answered).toBe(1);
      await writeFile(go, "");
      expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 404, 200]);
      await server.event(({ event }) => event === "ready");
      expect((await ask("/ping")).status).toBe(200);
      expect(server.log()).not.toContain("Health check failed.");
    });

    it("SIGTERM ends it: what waits is told 503, exit 0", async () => {
      const port = await findFreePort();
      const server = await start("slow", { GO_FILE: join(await makeFolder(), "go") }, port);
      await server.logged(/load attempt 1/);
      const waiting = await Promise.all(
        families.map(async ([path]) => {
          const connection = await openRaw(port);
          connection.write(request("POST", path, "{}", ["Content-Type: application/json"]));
          return connection;
        }),
      );
      // The model's process has these requests: a later one on the same way has been answered.
      expect(await exchange(port, request("GET", "/openapi.json", undefined, ["Connection: close"]))).toContain(
        " 200 OK",
      );
      server.child.kill("SIGTERM");
      for (const [index, connection] of waiting.entries()) {
        const answer = await connection.ended;
        expect(answer).toMatch(/^HTTP\/1\.1 503 /);
        expect(answer).toMatch(/\r\nretry-after: \d+\r\n/i);
        const family = families[index]?.[1] ?? "json";
        expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")))).toEqual(errorShapes[family](notReady));
      }
      expect(await server.ended).toBe(0);
    });
  });
}

function defineFailures(start: Start): void {
  describe("a model that cannot be served", () => {
    it.each([
      ["T32", "constructor", "cannot be constructed"],
      ["T43", "setup", "cannot be set up"],
      ["T30 T33", "load", "the weights are broken"],
      ["", "import", "cannot be imported"],
      ["", "rejection", "nobody listens"],
    ])("%s %s: exits with a code, the stack is of the source", async (_number, life, message) => {
      const folder = await makeFolder();
      await writeFile(join(folder, "environment"), '{"name":"production"}');
      const server = await start(life, { TRUSS_TS_DYNAMIC_CONFIG_DIR: folder });
      expect(await server.ended).toBe(1);
      expect(server.log()).toContain(message);
      expect(server.log()).toMatch(/model\/model\.ts:\d+:\d+/);
      expect(server.events.map(({ event }) => event)).toEqual(["stopped"]);
    });

    it("T30 load is tried twice, then no more", async () => {
      const server = await start("load");
      expect(await server.ended).toBe(1);
      expect(server.log().match(/load attempt/g)).toHaveLength(2);
    });

    it("T31 NUM_LOAD_RETRIES_TRUSS=0: once", async () => {
      const server = await start("load", { NUM_LOAD_RETRIES_TRUSS: "0" });
      expect(await server.ended).toBe(1);
      expect(server.log().match(/load attempt/g)).toHaveLength(1);
    });

    it("T29 T36 T37 a second attempt that succeeds serves", async () => {
      const server = await start("load once");
      await server.event(({ event }) => event === "ready");
      expect(await (await predict(server, {})).json()).toMatchObject({ attempts: 2, seen: ["load"] });
      expect(server.log()).toMatch(/Failed to load model\. Retrying/);
      expect(server.log()).toMatch(/Executing model\.load\(\)[^]*Completed model\.load\(\) execution in \d+ ms/);
    });

    it("process.exit(0) in load() is a failure too", async () => {
      const server = await start("exit");
      expect(await server.ended).toBe(1);
    });

    it("an uncaught exception ends it, not with 0", async () => {
      const server = await start("");
      await server.event(({ event }) => event === "ready");
      await predict(server, { crash: true }).catch(() => undefined);
      expect(await server.ended).toBe(70);
      expect(server.log()).toContain("the weights are broken");
    });
  });
}

function defineEnvironment(command: ServeCommand): void {
  const openWith = async (env: Record<string, string>) => keep(await openServer(command, "lifecycle", { env }));

  describe("environment and secrets from files", () => {
    it("T40 T155 T156 setup_environment before load; a file beats the environment, and is read anew", async () => {
      const folder = await makeFolder();
      await writeFile(join(folder, "environment"), '{"name":"production","extra":1}');
      await writeFile(join(folder, "file_key"), "from the file\n");
      const server = await openWith({
        TRUSS_TS_DYNAMIC_CONFIG_DIR: folder,
        TRUSS_TS_SECRETS_DIR: folder,
        TRUSS_SECRET_file_key: "from the environment",
        TRUSS_SECRET_api_key: "only in the environment",
      });
      const environment = command === "dev" ? { name: "development" } : { name: "production", extra: 1 };
      expect(await (await predict(server, {})).json()).toEqual({
        seen: [["setup", environment], "load"],
        attempts: 1,
        environment,
      });
      const secret = async (name: string) => (await predict(server, { secret: name })).json();
      expect(await secret("file_key")).toBe("from the file");
      expect(await secret("api_key")).toBe("only in the environment");
      await writeFile(join(folder, "file_key"), "rotated");
      expect(await secret("file_key")).toBe("rotated");
      await rm(join(folder, "file_key"));
      expect(await secret("file_key")).toBe("from the environment");
      expect(server.log()).not.toContain("in the environment");
    });

    if (command === "dev") return;

    it("T39 no file: environment is null, setup_environment is not called", async () => {
      const server = await openWith({ TRUSS_TS_DYNAMIC_CONFIG_DIR: await makeFolder() });
      expect(await (await predict(server, {})).json()).toEqual({ seen: ["load"], attempts: 1, environment: null });
    });

    it("T42 null in the file: called with null; no JSON there: logged, and served", async () => {
      const [nothing, broken] = [await makeFolder(), await makeFolder()];
      await writeFile(join(nothing, "environment"), "null");
      await writeFile(join(broken, "environment"), "{name");
      const servers = await Promise.all(
        [nothing, broken].map((folder) => openWith({ TRUSS_TS_DYNAMIC_CONFIG_DIR: folder })),
      );
      const answers = await Promise.all(servers.map(async (server) => (await predict(server, {})).json()));
      expect(answers).toMatchObject([{ seen: [["setup", null], "load"] }, { seen: ["load"] }]);
      expect(servers[1]?.log()).toContain("no valid JSON");
    });
  });
}

function defineShutdown(command: ServeCommand): void {
  const openWith = async (options?: ServerOptions) => keep(await openServer(command, "everything", options));

  describe("SIGTERM", () => {
    it("T140 T141 T142 T144 begun work ends well, new work is refused, sockets close 1012, close() is called, exit 0", async () => {
      const server = await openWith({ config: "model_name: m\nruntime: { predict_concurrency: 3 }\n" });
      const go = join(server.root, "go");
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/v1/websocket?do=echo`);
      await noted(server, "socket:echo");
      const held = predict(server, { do: "hold-file", key: "held", name: go });
      const stream = await predict(server, { do: "stream", kind: "until-file", key: go });
      await noted(server, "held:start");
      const queued = post(server, "/v1/chat/completions", { queued: true });
      await predict(server, { control: "list" });
      const resting = await openRaw(server.port);
      resting.write(request("POST", "/predict", '{"control":"list"}', ["Content-Type: application/json"]));
      await resting.until((text) => text.includes("error"));

      const closed = closing(socket);
      server.child.kill("SIGTERM");
      expect((await closed)[0]).toBeOneOf([1001, 1012]);
      await refused(server.port);
      expect(server.child.exitCode).toBeNull();
      await writeFile(go, "");
      expect(await (await held).json()).toEqual({ held: "held" });
      expect(await stream.text()).toMatch(/^x+last$/);
      expect(await (await queued).json()).toEqual({ queued: true });
      expect(await server.ended).toBe(0);
      await resting.ended;
      expect(server.log()).toContain("the model was closed");
      expect(server.events.at(-1)).toEqual({ event: "stopped" });
      expect(server.events.filter(({ event }) => event === "stopped")).toHaveLength(1);
    });

    if (command !== "dev") definePatience(openWith);

    it("a model that never comes back to its event loop is ended all the same", async () => {
      const server = await openWith({ config: "model_name: m\nruntime: { drain_timeout: 0.2 }\n" });
      const name = join(server.root, "blocking");
      const blocked = predict(server, { do: "block", ms: 1e9, name }).catch((error: unknown) => error);
      await appears(name);
      server.child.kill("SIGTERM");
      // It was killed, so `serve` does not call that a clean end; in `dev` nobody waits for its exit code.
      expect(await server.ended).toBeOneOf(command === "dev" ? [0, 143] : [1]);
      // Cut, or told by the server in front of the model.
      const outcome = await blocked;
      expect(outcome instanceof Response ? outcome.status : "cut").toBeOneOf(["cut", 502]);
    });

    it("SIGINT ends it too", async () => {
      const server = await openWith();
      server.child.kill("SIGINT");
      expect(await server.ended).toBeOneOf([0, 130]);
      expect(server.log()).toContain("the model was closed");
    });
  });
}

function defineBusyPort(command: ServeCommand): void {
  describe("a busy port", () => {
    const begin = async (port: number, flags: readonly string[] = []) =>
      keep(await startServer(command, "page", { port, flags }));

    it("is told of, with its number, and ends the strict with 1", async () => {
      const { port } = keep(await openServer(command, "page"));
      const server = await begin(port, command === "dev" ? ["--strict-port"] : []);
      expect(await server.ended).toBe(1);
      expect(server.log()).toContain(String(port));
      expect(server.log()).not.toMatch(/\n\s+at /);
      expect(server.events).toEqual([]);
    });

    if (command !== "dev") return;

    it("makes dev take the next free one, and say so", async () => {
      const { port } = keep(await openServer(command, "page"));
      const server = await begin(port);
      await server.event(({ event }) => event === "ready");
      expect(server.port).toBeGreaterThan(port);
      expect(server.log()).toContain(String(port));
      expect(server.log()).toContain(String(server.port));
    });
  });
}

function definePatience(openWith: (options: ServerOptions) => Promise<Server>): void {
  it("T143 past runtime.drain_timeout the rest is cut", async () => {
    const server = await openWith({ config: "model_name: m\nruntime: { drain_timeout: 0.2 }\n" });
    const held = predict(server, { do: "hold", key: "for ever" }).catch((error: unknown) => error);
    await noted(server, "for ever:start");
    server.child.kill("SIGTERM");
    expect(await held).toBeInstanceOf(Error);
    expect(await server.ended).toBe(0);
    expect(server.log()).toContain("the model was closed");
  });
}

function keep(server: Server): Server {
  open.push(server);
  return server;
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "truss-ts-files-"));
  folders.push(folder);
  return folder;
}

/** Resolves once the port refuses connections. */
async function refused(port: number): Promise<void> {
  await expect
    .poll(
      () =>
        openRaw(port).then(
          (connection) => (connection.socket.destroy(), "open"),
          (error: NodeJS.ErrnoException) => error.code,
        ),
      {
        timeout: 10_000,
      },
    )
    .toBe("ECONNREFUSED");
}
