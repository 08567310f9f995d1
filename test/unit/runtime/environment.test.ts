import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Environment } from "../../../src/model/contract.ts";
import { environmentFile, readEnvironment, watchEnvironment } from "../../../src/runtime/environment.ts";

let folder: string;
let file: string;
let stop: () => void = () => undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "truss-ts-environment-"));
  file = join(folder, "environment");
});
afterEach(async () => {
  stop();
  await rm(folder, { recursive: true, force: true });
});

describe("readEnvironment", () => {
  it("the file is the platform's, or elsewhere by a variable", () => {
    expect(environmentFile({})).toBe("/etc/b10_dynamic_config/environment");
    expect(environmentFile({ TRUSS_TS_DYNAMIC_CONFIG_DIR: folder })).toBe(file);
  });

  it("absent, empty and blank count as not found", async () => {
    expect(await readEnvironment(file)).toEqual({ found: false });
    for (const text of ["", " \n"]) {
      await writeFile(file, text);
      expect(await readEnvironment(file)).toEqual({ found: false });
    }
  });

  it.each(['{"name":"production","x":1}', "null"])("%s", async (text) => {
    await writeFile(file, text);
    expect(await readEnvironment(file)).toMatchObject({ found: true, environment: JSON.parse(text) });
  });

  it("what is no JSON throws", async () => {
    await writeFile(file, "{");
    await expect(readEnvironment(file)).rejects.toThrow(SyntaxError);
  });
});

describe("watchEnvironment", () => {
  const watch = (known: Environment | null | undefined) => {
    const seen = { changes: [] as unknown[], errors: [] as unknown[] };
    stop = watchEnvironment({
      file,
      intervalMs: 5,
      known,
      onChange: (environment) => seen.changes.push(environment),
      onError: (error) => seen.errors.push(error),
    });
    return seen;
  };
  let second = 1_000_000;
  const put = async (text: string) => {
    await writeFile(file, text);
    await utimes(file, ++second, second);
  };

  it("T41 tells of each new value once, and never of one that is known", async () => {
    await put('{"name":"staging"}');
    const { changes } = watch({ name: "staging" });
    await put('{"name":"production"}');
    await vi.waitUntil(() => changes.length === 1);
    await put('{ "name": "production" }');
    await put("null");
    await vi.waitUntil(() => changes.length === 2);
    expect(changes).toEqual([{ name: "production" }, null]);
  });

  it("T42 tells of a broken file, and goes on", async () => {
    const { changes, errors } = watch(undefined);
    await put("{");
    await vi.waitUntil(() => errors.length > 0);
    await put('{"name":"a"}');
    await vi.waitUntil(() => changes.length === 1);
    expect(errors).toHaveLength(1);
  });

  it("a file that vanishes changes nothing", async () => {
    await put('{"name":"a"}');
    const { changes, errors } = watch({ name: "a" });
    await rm(file);
    await put('{"name":"b"}');
    await vi.waitUntil(() => changes.length === 1);
    expect([changes, errors]).toEqual([[{ name: "b" }], []]);
  });

  it("does not look again while the model is being told", async () => {
    let release: () => void = () => undefined;
    const told: unknown[] = [];
    stop = watchEnvironment({
      file,
      intervalMs: 5,
      known: null,
      onChange: (environment) => {
        told.push(environment);
        return new Promise<void>((resolve) => (release = resolve));
      },
      onError: () => undefined,
    });
    await put('{"name":"a"}');
    await vi.waitUntil(() => told.length === 1);
    await put('{"name":"b"}');
    expect(told).toHaveLength(1);
    release();
    await vi.waitUntil(() => told.length === 2);
    expect(told).toEqual([{ name: "a" }, { name: "b" }]);
  });
});
