import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createProject, modelOf, startDev } from "./dev-server.ts";

describe("what dev leaves behind", () => {
  it("is nothing, in a project without packages", async () => {
    const project = createProject({ "model/model.ts": modelOf(1) });
    rmSync(join(project.dir, "node_modules"), { recursive: true });
    const dev = startDev(project);
    await dev.url();
    expect(existsSync(join(project.dir, ".truss-ts"))).toBe(true);
    dev.process.kill("SIGTERM");
    expect(await dev.exited).toBe(0);
    expect(existsSync(join(project.dir, ".truss-ts"))).toBe(false);
  });
});
