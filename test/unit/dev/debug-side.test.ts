import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { createDebugSide } from "../../../src/dev/debug-side.ts";

const program = `
import inspector from "node:inspector";
process.on("message", ({ type, port }) => {
  if (type === "debugger_open") { inspector.open(port, "127.0.0.1"); process.send(inspector.url()); }
  if (type === "debugger_close") { inspector.close(); process.send(undefined); }
  if (type === "pause") { process.send("going"); debugger; }
  if (type === "loop") { process.send("going"); for (;;) {} }
});
`;

function startProcess(): ChildProcess {
  const dir = mkdtempSync(join(tmpdir(), "truss-debug-"));
  writeFileSync(join(dir, "child.mjs"), program);
  const child = fork(join(dir, "child.mjs"), {
    execArgv: [],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    serialization: "advanced",
  });
  const ended = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(dir, { recursive: true, force: true });
  });
  return child;
}

it.each([
  ["pause", true],
  ["loop", false],
])("a process in a %s: held at a breakpoint is %s", async (state, held) => {
  const child = startProcess();
  const side = createDebugSide((message) => void child.send(message), once(child, "exit"));
  child.once("message", (url) => side.heard(typeof url === "string" ? url : undefined));
  const url = await side.open(0);
  expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\//);
  expect(await side.isPaused()).toBe(false);
  const editor = new WebSocket(url ?? "");
  onTestFinished(() => editor.terminate());
  await once(editor, "open");
  editor.send('{"id":1,"method":"Debugger.enable"}');
  await once(editor, "message");
  const going = once(child, "message");
  child.send({ type: state });
  await going;
  expect(await side.isPaused()).toBe(held);
});

it("a process that ends without an answer is not waited for, and one that was never opened is not asked", async () => {
  const child = startProcess();
  const side = createDebugSide(() => child.kill("SIGKILL"), once(child, "exit"));
  await side.close();
  expect(await side.isPaused()).toBe(false);
  expect(child.killed).toBe(false);
  expect(await side.open(0)).toBeUndefined();
});
