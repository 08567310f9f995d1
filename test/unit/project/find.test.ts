import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isTrussError } from "../../../src/errors.ts";
import { findProjectRoot } from "../../../src/project/find.ts";
import { createTempProject, writeFiles } from "../bundle/temp-project.ts";

function failureOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (isTrussError(error)) return error;
    throw error;
  }
  throw new Error("expected a failure");
}

describe("findProjectRoot", () => {
  it("finds the folder itself and folders above", () => {
    const root = createTempProject({ "model/deep/x.ts": "" });
    expect(findProjectRoot(root)).toBe(root);
    expect(findProjectRoot(join(root, "model", "deep"))).toBe(root);
  });

  it.each(["with space", "50% #1 [x]*", "模型 é", "..dots"])("takes a folder called %j", (name) => {
    const root = createTempProject({}, name);
    expect(findProjectRoot(root)).toBe(root);
  });

  it("names the real path of a linked folder", () => {
    const root = createTempProject({});
    const link = join(root, "..", "link");
    symlinkSync(root, link, "junction");
    expect(findProjectRoot(link)).toBe(root);
  });

  it("says what to do where there is no project", () => {
    const root = createTempProject({});
    rmSync(join(root, "config.yaml"));
    const error = failureOf(() => findProjectRoot(root));
    expect(error).toMatchObject({ code: "PROJECT_NOT_FOUND", exitCode: 1 });
    expect(error.message).toContain(root);
    expect(error.hint).toContain("truss-ts init");
  });

  it("tells a missing folder and a file from a folder without a project", () => {
    const root = createTempProject({ "a.txt": "" });
    expect(failureOf(() => findProjectRoot(join(root, "nope"))).message).toMatch(/no folder .*nope/);
    expect(failureOf(() => findProjectRoot(join(root, "a.txt"))).message).toContain("is a file");
  });

  it("points at the ending of config.yml", () => {
    const root = createTempProject({});
    rmSync(join(root, "config.yaml"));
    writeFiles(root, { "config.yml": "" });
    const error = failureOf(() => findProjectRoot(root));
    expect(error).toMatchObject({ code: "PROJECT_NOT_FOUND" });
    expect(error.message).toContain("must be called config.yaml");
    expect(error.hint).toContain("mv config.yml config.yaml");
  });

  it("takes a folder named config.yaml for no project", () => {
    const root = createTempProject({});
    rmSync(join(root, "config.yaml"));
    mkdirSync(join(root, "config.yaml"));
    expect(failureOf(() => findProjectRoot(root)).code).toBe("PROJECT_NOT_FOUND");
  });
});
