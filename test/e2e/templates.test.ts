import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { listTemplates } from "../../src/scaffold/templates.ts";
import { binary } from "./init-run.ts";
import { templateCalls } from "./templates-calls.ts";
import { finish, linkPackages, startServer } from "./templates-run.ts";

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
    const server = await startServer([binary, command, "--port", "0", "--json"], dir, surroundings?.env ?? {});
    await template.call(server.url, dir);
    await predictExample(name, dir, server.url);
    expect(await server.stop()).toBe(0);
  });
});

/** The example in config.yaml is one that the model answers; that of `ocr` only says that an image belongs there. */
async function predictExample(name: string, dir: string, url: string): Promise<void> {
  const { code, stdout, output } = await finish(process.execPath, [binary, "predict", "--url", url, "--json"], dir);
  expect(code, output).toBe(name === "ocr" ? 5 : 0);
  const lines = stdout.trimEnd().split("\n");
  for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
}
