import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createBundler } from "../../../src/bundle/bundler.ts";
import { inspectModel } from "../../../src/bundle/inspect.ts";
import { packageRoot } from "../../../src/lib/package-root.ts";
import { loadProject } from "../../../src/project/load.ts";
import { createTempProject } from "./temp-project.ts";

async function inspect(source: string, timeoutMs?: number) {
  const loaded = await loadProject(createTempProject({ "model/model.ts": source }));
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const bundler = await createBundler(loaded.project);
  onTestFinished(() => bundler.close());
  const built = await bundler.build();
  if (!built.ok) throw new Error(JSON.stringify(built.errors));
  let output = "";
  const onOutput = (text: string) => {
    output += text;
  };
  const options = { file: built.file, onOutput, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  return { ...(await inspectModel(loaded.project, options)), output: () => output };
}

describe("inspectModel", () => {
  beforeAll(() => {
    if (!existsSync(join(packageRoot(), "dist", "child.js"))) throw new Error("run `npm run build` first");
  });

  it("tells endpoints, hooks and schemas, without calling load()", async () => {
    const found = await inspect(
      `const any = { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } };
       export class Model {
         static schema = { predict: { input: any } };
         load() { console.log("loaded"); }
         predict() {}
         completions() {}
       }`,
    );
    expect(found).toMatchObject({
      endpoints: [
        { method: "predict", path: "/predict" },
        { method: "completions", path: "/v1/completions" },
      ],
      hooks: ["load"],
      schemas: ["predict"],
      faults: [],
    });
    expect(found.output()).not.toContain("loaded");
  });

  it.each([
    ["waits for ever", "await new Promise(() => setInterval(() => {}, 1000));"],
    ["never gives way", "for (;;);"],
  ])("gives up on a model that %s", async (_name, code) => {
    const { faults } = await inspect(`${code}\nexport class Model { predict() {} }`, 1000);
    expect(faults).toMatchObject([
      { code: "IMPORT_FAILED", file: "model/model.ts", hint: expect.stringContaining("load()") as string },
    ]);
    expect(faults[0]?.message).toContain("within 1 s");
  });

  it("does not wait for what the model has started", async () => {
    const { faults, output } = await inspect(
      `import { spawn } from "node:child_process";
       const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], { stdio: "inherit", detached: true });
       child.unref();
       console.log("child", child.pid);
       export class Model { predict() {} }`,
    );
    expect(faults).toEqual([]);
    const pid = Number(/child (\d+)/.exec(output())?.[1]);
    // Still there: the answer did not wait for it.
    expect(process.kill(pid, "SIGKILL")).toBe(true);
  });
});
