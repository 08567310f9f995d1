import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readEnvFiles } from "../../../src/project/env-files.ts";
import { createTempProject } from "../bundle/temp-project.ts";

describe("readEnvFiles", () => {
  it("reads .env, then .env.local over it", () => {
    const root = createTempProject({
      ".env": '\uFEFFA=1\nB="two words"\n# not C=3\nexport D=4\n',
      ".env.local": "A=local\n",
    });
    expect(readEnvFiles(root)).toEqual({ A: "local", B: "two words", D: "4" });
  });

  it("takes missing files for empty ones", () => {
    expect(readEnvFiles(createTempProject({}))).toEqual({});
  });

  it("leaves a folder called .env alone", () => {
    const root = createTempProject({ ".env.local": "A=1" });
    mkdirSync(join(root, ".env"));
    expect(readEnvFiles(root)).toEqual({ A: "1" });
  });

  it.skipIf(process.platform === "win32")("does not wait for a pipe that nobody writes", () => {
    const root = createTempProject({ ".env.local": "A=1" });
    execFileSync("mkfifo", [join(root, ".env")]);
    expect(readEnvFiles(root)).toEqual({ A: "1" });
  });
});
