import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadProject, surveyProject } from "../../../src/project/load.ts";
import { createTempProject } from "../bundle/temp-project.ts";

async function open(files: Record<string, string>, options?: { environment?: string }) {
  const root = createTempProject(files);
  const result = await loadProject(root, options);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return { root, project: result.project };
}

async function faultsOf(files: Record<string, string>) {
  const result = await loadProject(createTempProject(files));
  return result.ok ? [] : result.faults;
}

describe("loadProject", () => {
  it("resolves a project", async () => {
    const { root, project } = await open({ "model/model.ts": "" });
    expect(project).toMatchObject({
      root,
      configFile: join(root, "config.yaml"),
      modelFile: join(root, "model", "model.ts"),
      dataDir: join(root, "data"),
      environment: null,
    });
  });

  it("takes the environment's name", async () => {
    const { project } = await open({ "model/model.ts": "" }, { environment: "staging" });
    expect(project.environment).toEqual({ name: "staging" });
  });

  it.each([
    [["model.ts", "model.mts", "model.js", "model.mjs"], "model.ts"],
    [["model.mts", "model.js", "model.mjs"], "model.mts"],
    [["model.js", "model.mjs"], "model.js"],
    [["model.mjs", "model.py"], "model.mjs"],
  ])("of %j takes %s", async (names, chosen) => {
    const { root, project } = await open(Object.fromEntries(names.map((name) => [`model/${name}`, ""])));
    expect(project.modelFile).toBe(join(root, "model", chosen));
  });

  it.each([
    ["model_class_filename: main.ts", "model/main.ts"],
    ["model_class_filename: sub/main.mjs", "model/sub/main.mjs"],
    ["model_class_filename: main.py", "model/main.ts"],
    ["model_class_filename: main", "model/main.ts"],
    ["model_module_dir: src", "src/model.ts"],
    ["model_module_dir: .", "model.ts"],
  ])("with %s takes %s", async (config, path) => {
    const { root, project } = await open({ "config.yaml": `${config}\n`, [path]: "" });
    expect(project.modelFile).toBe(join(root, path));
  });

  it("says which file is missing", async () => {
    expect(await faultsOf({})).toMatchObject([
      { code: "MODEL_FILE_NOT_FOUND", message: "There is no model/model.ts.", file: "model/model.ts" },
    ]);
  });

  it("says where config.yaml names a missing file", async () => {
    const faults = await faultsOf({
      "config.yaml": "model_name: a\nmodel_class_filename: main.ts\n",
      "model/model.ts": "",
    });
    expect(faults).toMatchObject([
      { code: "MODEL_FILE_NOT_FOUND", message: "There is no model/main.ts.", file: "config.yaml", line: 2, column: 23 },
    ]);
  });

  it("says that Python is not run", async () => {
    const [fault] = await faultsOf({ "model/model.py": "" });
    expect(fault?.hint).toContain("is Python");
  });

  it("tells faults of the config and of the files at once", async () => {
    const faults = await faultsOf({ "config.yaml": "modle_name: a\n" });
    expect(faults.map((fault) => fault.code)).toEqual(["CONFIG_INVALID", "MODEL_FILE_NOT_FOUND"]);
  });

  it("makes a fault of a project that is not there", async () => {
    const root = createTempProject({});
    rmSync(join(root, "config.yaml"));
    expect(await loadProject(root)).toMatchObject({ ok: false, faults: [{ code: "PROJECT_NOT_FOUND" }] });
  });
});

describe("surveyProject", () => {
  it("gives a project even where the config has faults", async () => {
    const root = createTempProject({ "config.yaml": "modle_name: a\ndata_dir: ../x\n", "model/model.ts": "" });
    const survey = await surveyProject(root);
    expect(survey.faults).toHaveLength(2);
    expect(survey.project).toMatchObject({ modelFile: join(root, "model", "model.ts"), dataDir: join(root, "data") });
  });
});
