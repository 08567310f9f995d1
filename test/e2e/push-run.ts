import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { createTempProject } from "../unit/bundle/temp-project.ts";
import { type RunOptions, makeFolder, run } from "./init-run.ts";

export const simple = { "model/model.ts": "export class Model {\n  predict() { return 1; }\n}\n" };

export interface PushJson {
  readonly target: string;
  readonly digest: string;
  readonly path: string | null;
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** `push --json` of a project into an empty folder, expected to succeed. */
export async function pushJson(dir: string, args: readonly string[] = [], options: Partial<RunOptions> = {}) {
  const out = makeFolder();
  const result = await run(["push", dir, "--json", "--out", out, ...args], { cwd: "/", ...options });
  expect(result.code, result.stderr).toBe(0);
  expect(result.stdout.trimEnd().split("\n")).toHaveLength(1);
  return { ...result, out, json: JSON.parse(result.stdout) as PushJson };
}

/** A push that is expected to fail: its exit code, its one object, and that nothing was left. */
export async function pushFailing(files: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const out = join(makeFolder(), "out");
  const dir = createTempProject({ ...simple, ...files });
  const result = await run(["push", dir, "--json", "--out", out, ...args], { cwd: "/" });
  expect(readdirSync(join(out, ".."))).toEqual([]);
  const error =
    result.stdout === "" ? undefined : (JSON.parse(result.stdout) as { error: Record<string, unknown> }).error;
  return { ...result, dir, error };
}
