import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createTempProject } from "../bundle/temp-project.ts";
import type { TrussEvent } from "../../../src/events.ts";
import { loadProject } from "../../../src/project/load.ts";
import { readStaged } from "../../../src/push/content.ts";
import { type StageOptions, createStage } from "../../../src/push/stage.ts";
import type { Stage } from "../../../src/push/types.ts";

export const plainModel = { "model/model.ts": "export class Model {\n  predict() { return 1; }\n}\n" };

/** A real project on disk, staged; with what was reported meanwhile. */
export async function stageOf(files: Readonly<Record<string, string>>, options: Partial<StageOptions> = {}) {
  const root = createTempProject({ ...plainModel, ...files });
  return { root, ...(await stageFolder(root, options)) };
}

export async function stageFolder(root: string, options: Partial<StageOptions> = {}) {
  const loaded = await loadProject(root);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const events: TrussEvent[] = [];
  const stage = await createStage(loaded.project, {
    endpoints: [{ method: "predict", path: "/predict" }],
    report: (event) => void events.push(event),
    signal: new AbortController().signal,
    allowed: [],
    strict: false,
    ...options,
  });
  const warnings = events.flatMap((event) => (event.event === "warning" ? [event.message] : []));
  return { stage, warnings };
}

export function pathsOf(stage: Stage): string[] {
  return stage.files.map(({ path }) => path);
}

export async function textOf(stage: Stage, path: string): Promise<string> {
  const file = stage.files.find((candidate) => candidate.path === path);
  if (file === undefined) throw new Error(`${path} is not staged`);
  const pieces: Uint8Array[] = [];
  for await (const piece of readStaged(file)) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

export function put(root: string, path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

export { createTempProject };
