import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectPath, staysInside } from "../../../src/lib/paths.ts";

describe("projectPath", () => {
  it("names files as users know them", () => {
    expect(projectPath("/p", join("/p", "model", "model.ts"))).toBe("model/model.ts");
    expect(projectPath("/p", "/p")).toBe(".");
    expect(projectPath("/p", "/q/x.ts")).toBe("../q/x.ts");
  });
});

describe("staysInside", () => {
  it.each(["model", "./model", "a/../b", "..hidden", "a/b/c"])("lets %s pass", (path) => {
    expect(staysInside("/p", path)).toBe(true);
  });

  it.each(["../x", "a/../../x", "/etc", ".."])("refuses %s", (path) => {
    expect(staysInside("/p", path)).toBe(false);
  });
});
