import { copyFileSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { binary } from "./init-run.ts";
import type { PushJson } from "./push-run.ts";
import { templateCalls } from "./templates-calls.ts";
import { type Finished, finish, linkPackages, repository, startServer } from "./templates-run.ts";

const home = realpathSync(mkdtempSync(join(tmpdir(), "truss-ts-push-templates-")));
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

/** Templates with packages that no bundle can hold. */
const withPackages = new Set(["embeddings", "ocr"]);

describe.each(Object.entries(templateCalls))("the template %s", (name, template) => {
  test("answers from its archive as it does under dev", async () => {
    const dir = join(home, name);
    const made = await finish(
      process.execPath,
      [binary, "init", name, "--template", name, "--yes", "--no-install", "--no-git"],
      home,
    );
    expect(made.code, made.output).toBe(0);
    linkPackages(dir);
    // What `npm install` would have written, for the packages that are linked here.
    copyFileSync(join(repository, "package-lock.json"), join(dir, "package-lock.json"));
    const app = await unpack(await push(dir, name));
    expect(existsSync(join(app, "model/package-lock.json"))).toBe(withPackages.has(name));
    if (withPackages.has(name)) await install(join(app, "model"), name);
    // Nothing of the project is to be found from where the archive lies.
    rmSync(join(dir, "node_modules"), { recursive: true });
    rmSync(join(dir, "model"), { recursive: true });
    const surroundings = await template.surround?.();
    if (surroundings !== undefined) onTestFinished(surroundings.close);
    const env = { ...surroundings?.env, TRUSS_TS_PORT: "0", TRUSS_TS_HOST: "127.0.0.1" };
    const server = await startServer([join(app, "model/server.mjs")], "/", env);
    await template.call(server.url, dir);
    expect(await server.stop()).toBe(0);
  });
});

async function push(dir: string, name: string): Promise<PushJson> {
  const result = await finish(
    process.execPath,
    [binary, "push", dir, "--json", "--out", join(home, `${name}-out`)],
    "/",
  );
  expect(result.code, result.output).toBe(0);
  return JSON.parse(result.stdout) as PushJson;
}

async function unpack({ path }: PushJson): Promise<string> {
  const app = mkdtempSync(join(home, "app-"));
  const result = await finish("tar", ["xf", path ?? "", "-C", app], home);
  expect(result.code, result.output).toBe(0);
  return app;
}

/** From the registry; where none answers, with what this repository has. */
async function install(model: string, name: string): Promise<void> {
  const quick = [
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=500",
    "--fetch-timeout=30000",
    "--no-audit",
    "--no-fund",
  ];
  const result = await finish("npm", ["ci", "--omit=dev", "--ignore-scripts", ...quick], model);
  if (result.code === 0) return;
  expect(isOffline(result), result.output).toBe(true);
  console.warn(`SKIPPED npm ci of the template ${name}: no registry answers; this repository's packages are linked`);
  rmSync(join(model, "node_modules"), { recursive: true, force: true });
  mkdirSync(model, { recursive: true });
  symlinkSync(join(repository, "node_modules"), join(model, "node_modules"));
}

function isOffline({ output }: Finished): boolean {
  return /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network|CERT/.test(output);
}
