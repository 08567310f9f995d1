import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { binary, environment } from "./init-run.ts";

export const repository = fileURLToPath(new URL("../..", import.meta.url));

/** As if installed: everything that this repository has, and truss-ts itself. */
export function linkPackages(dir: string): void {
  const packages = join(dir, "node_modules");
  mkdirSync(join(packages, ".bin"), { recursive: true });
  for (const entry of readdirSync(join(repository, "node_modules"))) {
    if (!entry.startsWith(".")) symlinkSync(join(repository, "node_modules", entry), join(packages, entry));
  }
  for (const tool of ["tsc", "tsx"]) {
    symlinkSync(join(repository, "node_modules/.bin", tool), join(packages, ".bin", tool));
  }
  symlinkSync(binary, join(packages, ".bin/truss-ts"));
  symlinkSync(repository, join(packages, "truss-ts"));
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  /** Both streams, for messages. */
  readonly output: string;
}

export function finish(program: string, args: readonly string[], cwd: string): Promise<Finished> {
  const child = spawn(program, args, { cwd, env: environment(), stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, output })));
}

/** Starts what prints a `ready` line, and waits for it. */
export async function startServer(args: readonly string[], cwd: string, env: Record<string, string>) {
  const child = spawn(process.execPath, args, { cwd, env: environment(env), stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  onTestFinished(() => void child.kill("SIGKILL"));
  let story = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (story += text));
  const ready = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event: { event?: string; url?: string } = JSON.parse(line);
      if (event.event === "ready") resolve(event.url ?? "");
    });
  });
  const early = ended.then((code): never => {
    throw new Error(`${args.join(" ")} ended with ${code} before it was ready:\n${story}`);
  });
  // Ending is expected once we ask for it.
  early.catch(() => undefined);
  return {
    url: await Promise.race([ready, early]),
    stop: () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
}
