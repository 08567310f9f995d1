import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadProject } from "../../../src/project/load.ts";
import { resolveOut } from "../../../src/push/out-folder.ts";
import { createTempProject, plainModel } from "./stage-project.ts";

it("is a folder beside what is pushed, by whatever way it is named", async () => {
  const root = createTempProject({ ...plainModel, "data/x": "" });
  const loaded = await loadProject(root);
  if (!loaded.ok) throw new Error("the project has faults");
  const resolve = (out: string) => resolveOut(loaded.project, join(root, out));
  expect(resolve(".")).toBe(root);
  expect(resolve("out/new")).toBe(join(root, "out/new"));
  expect(resolve("data2")).toBe(join(root, "data2"));
  mkdirSync(join(root, "links"));
  symlinkSync("../data", join(root, "links/elsewhere"));
  for (const out of ["data", "data/out/new", "model", "links/elsewhere/out"]) {
    expect(() => resolve(out)).toThrow(expect.objectContaining({ code: "USAGE", exitCode: 2 }));
  }
});
