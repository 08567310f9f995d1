import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocket } from "ws";
import { createProject, descendants, isRunning, modelOf, patience, startDev } from "./dev-server.ts";

const model = "model/model.ts";

describe("what was begun", () => {
  const streaming = (name: string) => `
    import { existsSync } from "node:fs";
    export class Model {
      async *predict(input: { until: string }) {
        yield "${name} begins\\n";
        while (!existsSync(input.until)) await new Promise((resolve) => setTimeout(resolve, 10));
        yield "${name} ends\\n";
      }
    }`;

  async function startStream(dev: ReturnType<typeof startDev>, until: string) {
    const answer = await fetch(`${await dev.url()}/predict`, {
      method: "POST",
      body: JSON.stringify({ until }),
      headers: { "content-type": "application/json" },
    });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (reader === undefined) throw new Error("no body");
    const first = (await reader.read()).value;
    const rest = async () => {
      let text = "";
      for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
      return text;
    };
    return { first, rest };
  }

  it("streams on from the old code through a reload", async () => {
    const project = createProject({ [model]: streaming("old") });
    const until = join(project.dir, "go");
    const dev = startDev(project);
    const stream = await startStream(dev, until);
    expect(stream.first).toBe("old begins\n");
    project.save(model, modelOf("new"));
    await dev.event("reloaded");
    await dev.answers("new");
    writeFileSync(until, "");
    expect(await stream.rest()).toBe("old ends\n");
    // The old process goes; the serving one, the spare and the bundler stay.
    await vi.waitFor(() => expect(descendants(dev.process.pid ?? 0).length).toBeLessThanOrEqual(3), patience);
  });

  it("streams to its end after SIGTERM, then close() is called, and all is gone", async () => {
    const source = `${streaming("old").trimEnd().slice(0, -1)}
      close() { require("node:fs").writeFileSync("closed.txt", "yes"); } }`;
    const project = createProject({ [model]: source });
    const until = join(project.dir, "go");
    const dev = startDev(project);
    const stream = await startStream(dev, until);
    const below = descendants(dev.process.pid ?? 0);
    dev.process.kill("SIGTERM");
    await vi.waitFor(() => expect(dev.stderr).toMatch(/finishing 1 request/), patience);
    const refused = await fetch(`${await dev.url()}/predict`, { method: "POST" }).then(
      ({ status }) => status,
      () => "refused",
    );
    expect(["refused", 503]).toContain(refused);
    writeFileSync(until, "");
    expect(await stream.rest()).toBe("old ends\n");
    expect(await dev.exited).toBe(0);
    expect(dev.events.at(-1)).toEqual({ event: "stopped" });
    expect(project.read("closed.txt")).toBe("yes");
    expect(below.filter(isRunning)).toEqual([]);
    const cache = join(project.dir, "node_modules/.cache/truss-ts");
    expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([]);
  });

  it("over a WebSocket goes on through a reload, and is told when the server stops", async () => {
    const echo = (name: string) =>
      `export class Model { async websocket(socket: any) { for await (const [data] of (await import("node:events")).on(socket, "message", { close: ["close"] })) socket.send("${name} " + data); } }`;
    const project = createProject({ [model]: echo("old") });
    const dev = startDev(project);
    const address = `${(await dev.url()).replace("http", "ws")}/v1/websocket`;
    const open = async () => {
      const socket = new WebSocket(address);
      onTestFinished(() => socket.terminate());
      await once(socket, "open");
      return async (text: string) => {
        socket.send(text);
        const [data] = await once(socket, "message");
        return [String(data), socket] as const;
      };
    };
    const say = await open();
    expect((await say("a"))[0]).toBe("old a");
    project.save(model, echo("new"));
    await dev.event("reloaded");
    const sayNew = await open();
    expect((await sayNew("b"))[0]).toBe("new b");
    const [text, socket] = await say("c");
    expect(text).toBe("old c");
    const closed = once(socket, "close");
    dev.process.kill("SIGTERM");
    const [code] = await closed;
    expect([1001, 1012]).toContain(code);
    expect(await dev.exited).toBe(0);
    const upgrades = dev.events.filter((event) => event.event === "request" && event.status === 101);
    expect(upgrades).toHaveLength(2);
  });
});

describe("the end", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("by %s leaves nothing", async (signal) => {
    const dev = startDev(createProject({ [model]: modelOf(1) }));
    const { port } = new URL(await dev.url());
    const below = descendants(dev.process.pid ?? 0);
    expect(below.length).toBeGreaterThan(0);
    expect(await dev.stop(signal)).toBe(0);
    expect(dev.events.at(-1)).toEqual({ event: "stopped" });
    // The bundler's process ends as its input does, a moment after the server.
    await vi.waitFor(() => expect(below.filter(isRunning)).toEqual([]), patience);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  it("by a second signal comes at once", async () => {
    const source =
      "export class Model { predict() { console.log('begun'); return new Promise(() => setInterval(() => {}, 1000)); } }";
    const dev = startDev(createProject({ [model]: source }));
    void dev.predict().catch(() => undefined);
    await vi.waitFor(() => expect(dev.stderr).toContain("begun"), patience);
    const below = descendants(dev.process.pid ?? 0);
    dev.process.kill("SIGINT");
    await vi.waitFor(() => expect(dev.stderr).toContain("finishing 1 request"), patience);
    dev.process.kill("SIGINT");
    expect(await dev.exited).toBe(0);
    expect(dev.events.at(-1)).toEqual({ event: "stopped" });
    expect(below.filter(isRunning)).toEqual([]);
  });

  it("by SIGKILL leaves no child, not even one in an endless loop", async () => {
    const loop =
      "export class Model { predict(input: any) { if (input.loop) { console.log('looping'); for (;;); } return 1; } }";
    const dev = startDev(createProject({ [model]: loop }));
    await dev.predict();
    void dev.predict({ loop: true }).catch(() => undefined);
    await vi.waitFor(() => expect(dev.stderr).toContain("looping"), patience);
    const below = descendants(dev.process.pid ?? 0);
    dev.process.kill("SIGKILL");
    await dev.exited;
    await vi.waitFor(() => expect(below.filter(isRunning)).toEqual([]), patience);
  });

  it("comes also while the first load is still running", async () => {
    const source = modelOf(
      1,
      "  load() { console.log('loading'); return new Promise(() => setInterval(() => {}, 1000)); }\n",
    );
    const dev = startDev(createProject({ [model]: source }));
    await vi.waitFor(() => expect(dev.stderr).toContain("loading"), patience);
    const below = descendants(dev.process.pid ?? 0);
    expect(await dev.stop()).toBe(0);
    expect(dev.events).toEqual([{ event: "stopped" }]);
    expect(below.filter(isRunning)).toEqual([]);
  });
});

describe("the words when it is ready", () => {
  it("call predict with the example of config.yaml", async () => {
    const config = "model_metadata:\n  example_model_input: {text: hi}\n";
    const dev = startDev(createProject({ [model]: modelOf(1), "config.yaml": config }), [], {}, false);
    await vi.waitFor(() => expect(dev.stdout).toContain(`-d '{"text":"hi"}'`), patience);
  });
});

describe("the host", () => {
  it("is never empty, which would mean every network", async () => {
    const dev = startDev(createProject({ [model]: modelOf(1) }), ["--host", ""]);
    expect(await dev.exited).toBe(2);
    expect(dev.stderr).toContain("--host is empty");
  });
});

describe("the port", () => {
  async function occupy(): Promise<number> {
    const server = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  it("that is busy is left for the next free one, and that is said on stderr", async () => {
    const port = await occupy();
    const dev = startDev(createProject({ [model]: modelOf(1) }), ["--port", String(port)]);
    await dev.answers(1);
    expect(new URL(await dev.url()).port).not.toBe(String(port));
    expect(dev.stderr).toContain(`port ${port} is in use`);
  });

  it("that is busy is an error with --strict-port", async () => {
    const port = await occupy();
    const dev = startDev(createProject({ [model]: modelOf(1) }), ["--port", String(port), "--strict-port"]);
    expect(await dev.exited).toBe(1);
    expect(dev.stderr).toContain(String(port));
    expect(dev.stderr).not.toMatch(/^\s+at /m);
    expect(dev.stdout).toBe("");
  });

  it("that makes no sense is a usage fault", async () => {
    const dev = startDev(createProject({ [model]: modelOf(1) }), ["--port", "many"]);
    expect(await dev.exited).toBe(2);
    expect(dev.stdout).toBe("");
  });
});

describe("--json", () => {
  it("keeps stdout to its events, whatever the model prints, with one request event a request", async () => {
    const source =
      "console.log('at import');\nexport class Model { load() { process.stdout.write('in load\\n'); } predict(_input: unknown, request: Request) { console.log('in predict'); return 1; } }";
    const dev = startDev(createProject({ [model]: source }));
    const url = await dev.url();
    await fetch(`${url}/predict?q=1`, {
      method: "POST",
      body: "{}",
      headers: { "x-request-id": "mine", "content-type": "application/json" },
    });
    await fetch(`${url}/nowhere`);
    await dev.event("request", 2);
    expect(await dev.stop()).toBe(0);
    expect(new Set(dev.events.map(({ event }) => event))).toEqual(new Set(["ready", "request", "stopped"]));
    expect(dev.events.filter(({ event }) => event === "request")).toEqual([
      { event: "request", request_id: "mine", method: "POST", path: "/predict", status: 200, ms: expect.any(Number) },
      {
        event: "request",
        request_id: expect.any(String),
        method: "GET",
        path: "/nowhere",
        status: 404,
        ms: expect.any(Number),
      },
    ]);
    for (const line of ["at import", "in load", "in predict"]) expect(dev.stderr).toContain(line);
  });

  it("without a project is an expected failure", async () => {
    const dev = startDev({ ...createProject({ [model]: modelOf(1) }), dir: "/" });
    expect(await dev.exited).toBe(1);
    expect(dev.stdout).toBe("");
    expect(dev.stderr).toContain("truss-ts init");
  });
});
