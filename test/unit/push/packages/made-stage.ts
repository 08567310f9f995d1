import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Installation, Stage, StagedFile } from "../../../../src/push/types.ts";

/** A stage as it would come of a project in `root`, with these files and outside packages. */
export function makeStage(
  root: string,
  files: Readonly<Record<string, string>>,
  outside: readonly string[] | Readonly<Record<string, string>> = [],
): Stage {
  const staged = Object.entries(files).map(([path, text]): StagedFile => {
    const bytes = new TextEncoder().encode(text);
    return { path, mode: 0o644, size: bytes.length, content: { kind: "bytes", bytes } };
  });
  const versions = Array.isArray(outside) ? outside.map((name) => [name, "1.0.0"]) : Object.entries(outside);
  const packages = versions.map(([name, version]) => ({ name, version, why: "native code" }));
  const installation: Installation = {
    manager: "npm",
    command: "npm ci --omit=dev",
    packages,
    locked: true,
  };
  return {
    project: {
      root,
      configFile: join(root, "config.yaml"),
      config: {
        modelName: "my-model",
        modelModuleDir: "model",
        modelClassName: "Model",
        dataDir: "data",
        secrets: {},
        environmentVariables: {},
        raw: {},
      },
      modelFile: join(root, "model/model.ts"),
      dataDir: join(root, "data"),
      environment: null,
    },
    config: { text: "", parsed: {}, port: 8000, files: [], warnings: [], faults: [] },
    endpoints: [{ method: "predict", path: "/predict" }],
    files: staged.sort((left, right) => Buffer.compare(Buffer.from(left.path), Buffer.from(right.path))),
    size: staged.reduce((sum, { size }) => sum + size, 0),
    archiveSize: 10_240,
    digest: `sha256:${"1".repeat(64)}`,
    port: 8000,
    ...(packages.length === 0 ? {} : { installation }),
    bundled: [],
  };
}

/** Writes files below a folder; an object is written as JSON. */
export function writeTree(root: string, files: Readonly<Record<string, unknown>>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    const bytes = typeof content === "string" || content instanceof Uint8Array ? content : JSON.stringify(content);
    writeFileSync(file, bytes);
  }
}
