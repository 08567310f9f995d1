import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { listTemplates } from "../../src/scaffold/templates.ts";
import { binary, environment } from "./init-run.ts";
import { templateCalls } from "./templates-calls.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const home = realpathSync(mkdtempSync(join(tmpdir(), "truss-ts-templates-")));

afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

test("every template is called here", () => {
  const names = listTemplates().map(({ name }) => name);
  expect(Object.keys(templateCalls).toSorted()).toEqual(names.toSorted());
});

describe.each(Object.entries(templateCalls))("the template %s", (name, template) => {
  const dir = join(home, name);

  beforeAll(async () => {
    const args = ["init", name, "--template", name, "--yes", "--no-install", "--no-git"];
    expect(await finish(process.execPath, [binary, ...args], home)).toMatchObject({ code: 0 });
    linkPackages(dir);
  });

  test("passes its own tests", async () => {
    const result = await finish("npm", ["run", "--silent", "test"], dir);
    expect(result.code, result.output).toBe(0);
    expect(result.output).toMatch(/(?:# |ℹ )pass [1-9]/);
  });

  test("passes its own check: types, config, class", async () => {
    const { code, stdout, output } = await finish("npm", ["run", "--silent", "check", "--", "--json"], dir);
    expect(code, output).toBe(0);
    const report: { ok: boolean; endpoints: { method: string }[]; faults: unknown[] } = JSON.parse(stdout);
    expect(report).toMatchObject({ ok: true, faults: [] });
    expect(report.endpoints.map(({ method }) => method).toSorted()).toEqual(template.endpoints.toSorted());
  });

  test.each(["dev", "serve"])("answers real calls under %s", async (command) => {
    const surroundings = await template.surround?.();
    if (surroundings !== undefined) onTestFinished(surroundings.close);
    const server = await startServer(command, dir, surroundings?.env ?? {});
    await template.call(server.url, dir);
    expect(await server.stop()).toBe(0);
  });
});

/** As if installed: everything that this repository has, and truss-ts itself. */
function linkPackages(dir: string): void {
  const packages = join(dir, "node_modules");
  mkdirSync(join(packages, ".bin"), { recursive: true });
  for (const entry of readdirSync(join(root, "node_modules"))) {
    if (!entry.startsWith(".")) symlinkSync(join(root, "node_modules", entry), join(packages, entry));
  }
  for (const tool of ["tsc", "tsx"]) symlinkSync(join(root, "node_modules/.bin", tool), join(packages, ".bin", tool));
  symlinkSync(binary, join(packages, ".bin/truss-ts"));
  symlinkSync(root, join(packages, "truss-ts"));
}

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  /** Both streams, for messages. */
  readonly output: string;
}

function finish(program: string, args: readonly string[], cwd: string): Promise<Finished> {
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

async function startServer(command: string, cwd: string, env: Record<string, string>) {
  const args = [binary, command, "--port", "0", "--json"];
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
    throw new Error(`${command} ended with ${code} before it was ready:\n${story}`);
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
