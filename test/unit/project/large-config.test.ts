import { describe, expect, it } from "vitest";
import { loadProject } from "../../../src/project/load.ts";
import { createTempProject } from "../bundle/temp-project.ts";

async function load(config: string) {
  const files = { "config.yaml": config, "model/model.ts": "export class Model { predict() {} }" };
  return loadProject(createTempProject(files));
}

async function faultsOf(config: string) {
  const result = await load(config);
  return result.ok ? [] : result.faults;
}

async function configOf(config: string) {
  const result = await load(config);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.project.config;
}

describe("a large config.yaml", () => {
  const limit = 1024 * 1024;
  const fill = (head: string, line: (index: number) => string) => {
    const lines = [head];
    for (let [index, size] = [0, head.length]; ; index += 1) {
      const next = line(index);
      size += next.length;
      if (size > limit) return lines.join("");
      lines.push(next);
    }
  };

  it("is read whatever fills it, up to 1 MiB", async () => {
    const { raw } = await configOf(fill("model_metadata:\n", (index) => `  k${index}:\n`));
    expect(Object.keys(Object(raw["model_metadata"])).length).toBeGreaterThan(90_000);
  });

  it.each([
    ["unknown keys", (index: number) => `k${index}:\n`, "", "Unknown key"],
    ["wrong values", (index: number) => `  K${index}: []\n`, "environment_variables:\n", "must be a string"],
    ["aliases", () => "  - *a\n", "model_metadata:\n  a: &a 1\n  b:\n", "more than 10000 aliases"],
  ])("full of %s tells of the first", async (_what, line, head, message) => {
    const faults = await faultsOf(fill(head, line));
    expect(faults.length).toBeLessThanOrEqual(100);
    expect(faults[0]?.message).toContain(message);
  });

  it("above that is refused", async () => {
    const faults = await faultsOf(`# ${"-".repeat(limit)}\n`);
    expect(faults).toMatchObject([{ code: "CONFIG_INVALID", file: "config.yaml" }]);
    expect(faults[0]?.message).toContain("too large");
  });

  it("names keys that are there twice, at any depth", async () => {
    const faults = await faultsOf("model_metadata: {a: 1, b: {c: 1, c: 2}}\nmodel_name: a\nmodel_name: b\n");
    expect(faults.map(({ line, column }) => [line, column])).toEqual([
      [1, 34],
      [3, 1],
    ]);
  });
});
