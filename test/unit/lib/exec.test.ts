import { expect, test } from "vitest";
import { exec } from "../../../src/lib/exec.ts";

const node = process.execPath;

test("a program's streams, its lines and what is written to it", async () => {
  const lines: string[] = [];
  const code = "process.stdin.on('data', (text) => { console.log('out ' + text); console.error('err'); })";
  const result = await exec({ program: node, args: ["-e", code], input: "hello", onLine: (line) => lines.push(line) });
  expect(result).toMatchObject({ how: "done", stdout: "out hello", stderr: "err" });
  expect(lines.toSorted()).toEqual(["err", "out hello"]);
});

test("how a program failed", async () => {
  const run = (code: string) => exec({ program: node, args: ["-e", code] });
  expect(await run("console.error('no'); process.exitCode = 3")).toMatchObject({ how: "failed", what: "exit code 3" });
  expect(await run("process.kill(process.pid, 'SIGKILL')")).toMatchObject({ how: "failed", what: "signal SIGKILL" });
  expect(await exec({ program: "no-such-program-here", args: [] })).toEqual({ how: "missing" });
});

test("a folder that is not there is not a program that is not there", async () => {
  const result = await exec({ program: node, args: ["-e", "0"], cwd: "/no/such/folder" });
  expect(result.how).toBe("failed");
});

test("only the given environment, when one is given", async () => {
  const code = "console.log(JSON.stringify([process.env.GIVEN, process.env.HOME]))";
  const result = await exec({ program: node, args: ["-e", code], env: { GIVEN: "yes" } });
  expect(result).toMatchObject({ how: "done", stdout: '["yes",null]' });
});

test("an abort ends the program and what it has started", async () => {
  const stop = new AbortController();
  const code = `const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    child.on("spawn", () => console.log(child.pid)); setInterval(() => {}, 1000)`;
  let grandchild = 0;
  const onLine = (line: string) => {
    grandchild = Number(line);
    stop.abort();
  };
  expect(await exec({ program: node, args: ["-e", code], signal: stop.signal, onLine })).toEqual({ how: "aborted" });
  await expect.poll(() => isAlive(grandchild), { timeout: 10_000 }).toBe(false);
  expect(await exec({ program: node, args: ["-e", "0"], signal: stop.signal })).toEqual({ how: "aborted" });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
