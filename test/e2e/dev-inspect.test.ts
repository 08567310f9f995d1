import { createServer } from "node:net";
import { once } from "node:events";
import { expect, it, onTestFinished, vi } from "vitest";
import { WebSocket } from "ws";
import { type DevServer, createProject, modelOf, patience, startDev } from "./dev-server.ts";

const model = "model/model.ts";
const pidModel = (more = "") => `export class Model {\n  predict() { ${more} return process.pid; }\n}\n`;

async function portOf(dev: DevServer): Promise<number> {
  const line = await vi.waitFor(() => {
    const found =
      /debugger {2}ws:\/\/127\.0\.0\.1:(\d+)\/\S+ .*chrome:\/\/inspect.*attach your editor to port (\d+)/.exec(
        dev.stderr,
      );
    if (found === null) throw new Error(dev.stderr);
    return found;
  }, patience);
  expect(line[1]).toBe(line[2]);
  return Number(line[1]);
}

/** Attaches as editors do, by the port alone, which may take a moment to be that of the next process. */
async function attach(port: number) {
  const targets = await vi.waitFor(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/json/list`);
    return (await answer.json()) as { webSocketDebuggerUrl: string }[];
  }, patience);
  const socket = new WebSocket(targets[0]?.webSocketDebuggerUrl ?? "");
  onTestFinished(() => socket.terminate());
  const closed = once(socket, "close");
  const heard: { id?: number; method?: string; result?: { result?: { value?: unknown } } }[] = [];
  socket.on("message", (data) => heard.push(JSON.parse(String(data))));
  await once(socket, "open");
  let id = 0;
  const ask = async (method: string, params: object = {}) => {
    const mine = (id += 1);
    socket.send(JSON.stringify({ id: mine, method, params }));
    return vi.waitFor(() => {
      const answer = heard.find((message) => message.id === mine);
      if (answer === undefined) throw new Error(`no answer to ${method}`);
      return answer.result?.result?.value;
    }, patience);
  };
  const seen = (method: string) =>
    vi.waitFor(() => expect(heard.map((message) => message.method)).toContain(method), patience);
  return { ask, seen, closed, pid: () => ask("Runtime.evaluate", { expression: "process.pid" }) };
}

it("the debugger's port stays, and is that of the process that serves, before and after a reload", async () => {
  const project = createProject({ [model]: pidModel() });
  const dev = startDev(project, ["--inspect", "0"]);
  const port = await portOf(dev);
  const before = (await dev.predict()).body;
  const first = await attach(port);
  expect(await first.pid()).toBe(before);

  project.save(model, pidModel("/* edited */"));
  await dev.event("reloaded");
  await first.closed;
  const after = (await dev.predict()).body;
  expect(after).not.toBe(before);
  const second = await attach(port);
  expect(await second.pid()).toBe(after);

  process.kill(Number(after), "SIGKILL");
  await second.closed;
  const third = await attach(port);
  expect(await third.pid()).toBe((await dev.predict()).body);
  expect(dev.stderr.match(/debugger {2}ws:|Debugger listening/g)).toHaveLength(1);
  // A debugger that stays attached does not hold up the end.
  expect(await dev.stop()).toBe(0);
});

it(
  "a process that is held at a breakpoint is not taken for stuck, and ends once it goes on",
  { timeout: 3 * patience.timeout },
  async () => {
    const project = createProject({ [model]: pidModel("debugger;") });
    const dev = startDev(project, ["--inspect", "0"]);
    const port = await portOf(dev);
    await dev.event("ready");
    const editor = await attach(port);
    const held = await editor.pid();
    await editor.ask("Debugger.enable");
    const answer = dev.predict();
    await editor.seen("Debugger.paused");
    project.save(model, modelOf("next"));
    await dev.event("reloaded");
    await dev.answers("next");
    // Longer than a silent process is given.
    await expect(
      vi.waitFor(() => expect(dev.stderr).toContain("did not answer any more"), { timeout: 7_000, interval: 50 }),
    ).rejects.toThrow();
    await editor.ask("Debugger.resume");
    expect(await answer).toEqual({ status: 200, body: held });
    await editor.closed;
    expect(await (await attach(port)).pid()).not.toBe(held);
  },
);

it("load() can be debugged, and a port that is taken is told of", async () => {
  const busy = createServer().listen(0, "127.0.0.1");
  await once(busy, "listening");
  onTestFinished(() => void busy.close());
  const address = busy.address();
  const taken = typeof address === "object" && address !== null ? address.port : 0;
  const slow =
    'export class Model {\n  async load() { while (!globalThis.go) await new Promise((r) => setTimeout(r, 20)); }\n  predict() { return "loaded"; }\n}\n';
  const project = createProject({ "model/model.js": slow });
  const dev = startDev(project, ["--inspect", "0"]);
  const editor = await attach(await portOf(dev));
  await editor.ask("Runtime.evaluate", { expression: "globalThis.go = true" });
  await dev.answers("loaded");

  const other = startDev(createProject({ [model]: modelOf(1) }), ["--inspect", String(taken)]);
  await other.answers(1);
  await vi.waitFor(
    () => expect(other.stderr).toContain(`port ${taken} is in use (give another one with --inspect)`),
    patience,
  );
});
