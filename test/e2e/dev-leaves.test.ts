import { spawn as spawnProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawn } from "@lydell/node-pty";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createProject, descendants, isRunning, modelOf, patience, startDev } from "./dev-server.ts";

const bin = fileURLToPath(new URL("../../bin/truss-ts.js", import.meta.url));
const model = "model/model.ts";
const endless = "  load() { console.log('loading'); return new Promise(() => setInterval(() => {}, 1000)); }\n";

async function expectNothingLeft(dir: string, pids: readonly number[], url?: string): Promise<void> {
  await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), patience);
  const cache = join(dir, "node_modules/.cache/truss-ts");
  expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([]);
  if (url !== undefined) await expect(fetch(url)).rejects.toThrow();
}

describe("what dev leaves behind", () => {
  it("is nothing, in a project without packages", async () => {
    const project = createProject({ [model]: modelOf(1) });
    rmSync(join(project.dir, "node_modules"), { recursive: true });
    const dev = startDev(project);
    await dev.url();
    expect(existsSync(join(project.dir, ".truss-ts"))).toBe(true);
    dev.process.kill("SIGTERM");
    expect(await dev.exited).toBe(0);
    expect(existsSync(join(project.dir, ".truss-ts"))).toBe(false);
  });

  it("is nothing when it ends while an edit loads", async () => {
    const project = createProject({ [model]: modelOf(1) });
    const dev = startDev(project);
    const url = await dev.url();
    project.save(model, modelOf(2, endless));
    await dev.told(/loading/);
    const below = descendants(dev.process.pid ?? 0);
    expect(await dev.stop()).toBe(0);
    await expectNothingLeft(project.dir, below, url);
  });

  it("is nothing when its terminal is closed in the middle of a request", async () => {
    const source = "export class Model { predict() { console.log('begun'); return new Promise(() => {}); } }";
    const project = createProject({ [model]: source });
    const terminal = spawn(process.execPath, [bin, "dev", project.dir, "--port", "0"], {
      env: { ...process.env, CI: "", NO_COLOR: "1" },
    });
    onTestFinished(() => {
      if (isRunning(terminal.pid)) process.kill(terminal.pid, "SIGKILL");
    });
    let seen = "";
    terminal.onData((data) => (seen += data));
    const url = await vi.waitFor(() => {
      const found = /ready in[^]*?(http:\/\/127\.0\.0\.1:\d+)/.exec(seen)?.[1];
      if (found === undefined) throw new Error(seen);
      return found;
    }, patience);
    const lost = fetch(`${url}/predict`, { method: "POST", body: "{}" }).catch(() => undefined);
    await vi.waitFor(() => expect(seen).toContain("begun"), patience);
    const below = descendants(terminal.pid);
    Reflect.get(terminal, "destroy").call(terminal);
    await lost;
    await expectNothingLeft(project.dir, [terminal.pid, ...below], url);
  });

  it.each([
    ["with a shell between", ["-c", `sh -c '"$@"; exit' sh "$@"; exit`, "sh"]],
    ["itself", ["-c", '"$@" & wait', "sh"]],
  ])("is nothing when the package manager that started it is killed, %s", async (_, args) => {
    const project = createProject({ [model]: modelOf(1) });
    const manager = spawnProcess("sh", [...args, process.execPath, bin, "dev", project.dir, "--port", "0", "--json"], {
      env: { ...process.env, npm_lifecycle_event: "dev" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    manager.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    await vi.waitFor(() => expect(out).toContain('"ready"'), patience);
    const below = descendants(manager.pid ?? 0);
    onTestFinished(() => below.filter(isRunning).forEach((pid) => process.kill(pid, "SIGKILL")));
    manager.kill("SIGKILL");
    await once(manager.stdout, "close");
    expect(out.trim().split("\n").at(-1)).toBe('{"event":"stopped"}');
    await expectNothingLeft(project.dir, below, (JSON.parse(out.split("\n")[0] ?? "") as { url: string }).url);
  });

  it("by Ctrl-C: counts down, and a second one ends at once", async () => {
    const source = "export class Model { predict() { console.log('begun'); return new Promise(() => {}); } }";
    const project = createProject({ [model]: source });
    const dev = startDev(project);
    const url = await dev.url();
    const lost = dev.predict().catch(() => undefined);
    await dev.told(/begun/);
    const below = descendants(dev.process.pid ?? 0);
    dev.process.kill("SIGINT");
    await dev.told(
      /finishing 1 request \(10 s left; press Ctrl-C again to end now\)[^]*finishing 1 request \(8 s left/,
    );
    dev.process.kill("SIGINT");
    expect(await dev.exited).toBe(0);
    expect(dev.stderr).not.toContain("(4 s left");
    await lost;
    await expectNothingLeft(project.dir, below, url);
  });
});
