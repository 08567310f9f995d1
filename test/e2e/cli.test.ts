import { execFileSync, spawn } from "node:child_process";
import { constants, closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createProject } from "./dev-server.ts";
import { binary, environment, makeFolder } from "./init-run.ts";

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a line of shell in which `$@` is the built command with its arguments. */
function runShell(script: string, args: readonly string[], cwd: string): Promise<Result> {
  const child = spawn("sh", ["-c", script, "sh", process.execPath, binary, ...args], { cwd, env: environment() });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve) => {
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** A pipe with nothing left to write into, which nobody reads. */
function openFullPipe(): number {
  const path = join(makeFolder(), "pipe");
  execFileSync("sh", ["-c", `mkfifo "$0"`, path]);
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(pipe));
  const isFull = (block: Buffer) => {
    try {
      writeSync(pipe, block);
      return false;
    } catch {
      return true;
    }
  };
  for (const size of [4096, 1]) while (!isFull(Buffer.alloc(size)));
  return pipe;
}

describe("in a folder that has been deleted", () => {
  test.each([["dev"], ["serve"], ["check"], ["init", "app", "--yes"], ["check", "--help"]])(
    "%s says so in a sentence",
    async (...args) => {
      const cwd = makeFolder();
      const { code, stdout, stderr } = await runShell('mkdir gone && cd gone && rmdir ../gone && "$@"', args, cwd);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain("The folder you are in has been deleted.");
      expect(stderr).not.toMatch(/uv_cwd|bug|^\s+at /m);
    },
  );
});

describe("what cannot be written", () => {
  test("because the disk is full is a failure", async () => {
    const args = ["init", "app", "--yes", "--no-install", "--no-git", "--json"];
    const { code, stderr } = await runShell('"$@" > /dev/full', args, makeFolder());
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("could not be written (ENOSPC)") });
  });

  test("because the reader has left is none", async () => {
    const args = ["init", "--list-templates"];
    const { stderr } = await runShell('{ "$@"; echo "code $?" >&2; } | true', args, makeFolder());
    expect(stderr).toBe("code 0\n");
  });

  test.each(["dev", "serve"])("because nobody reads does not keep %s from ending", async (command) => {
    const model = "export class Model { load() { process.stderr.write('loaded'); } predict() { return 1; } }";
    const { dir } = createProject({ "model/model.ts": model });
    const args = [binary, command, dir, "--port", "0"];
    const child = spawn(process.execPath, args, { stdio: ["ignore", openFullPipe(), "pipe"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      if (!stderr.includes("loaded") && (stderr + text).includes("loaded")) child.kill("SIGTERM");
      stderr += text;
    });
    const code = await new Promise((resolve) => child.once("exit", resolve));
    // It ends by itself; what a stop in the middle of loading comes to is told elsewhere.
    expect(code, stderr).toEqual(expect.any(Number));
  });
});
