import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Artifact, buildArtifact } from "../../../src/bundle/artifact.ts";
import { loadProject } from "../../../src/project/load.ts";
import { fixtureFolder, makeProject } from "./project.ts";
import type { Fixture } from "./target.ts";

const built = new Map<string, Promise<{ artifact: Artifact; data: string | undefined }>>();

/** A fixture's artefact in a folder of its own. Built once for each config. */
export async function openArtifact(fixture: Fixture, config?: string) {
  const key = `${fixture}\n${config}`;
  const build = built.get(key) ?? buildFixture(fixture, config);
  built.set(key, build);
  const root = await unpackArtifact((await build).artifact, (await build).data);
  return { root, remove: () => removeFolder(root) };
}

async function buildFixture(fixture: Fixture, config?: string) {
  const project = await makeProject(fixture, config);
  try {
    const data = join(fixtureFolder(fixture), "data");
    return { artifact: await makeArtifact(project.root), data: existsSync(data) ? data : undefined };
  } finally {
    await project.remove();
  }
}

/** Builds the project's artefact; its faults fail the test. */
async function makeArtifact(root: string): Promise<Artifact> {
  const loaded = await loadProject(root);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const artifact = await buildArtifact(loaded.project);
  if (!artifact.ok) throw new Error(JSON.stringify(artifact.errors));
  return artifact;
}

/** Lays an artefact out in an empty folder, as an archive is unpacked; nothing of the project is beside it. */
async function unpackArtifact(artifact: Artifact, dataDir?: string): Promise<string> {
  const app = await realpath(await mkdtemp(join(tmpdir(), "truss-ts-artifact-")));
  const texts = [
    { path: "model/server.mjs", text: artifact.code },
    { path: "model/server.mjs.map", text: artifact.map },
    ...artifact.files,
  ];
  for (const { path, text } of texts) {
    await mkdir(dirname(join(app, path)), { recursive: true });
    await writeFile(join(app, path), text);
  }
  for (const { from, to } of artifact.copies) {
    await mkdir(dirname(join(app, to)), { recursive: true });
    await cp(from, join(app, to));
  }
  if (dataDir !== undefined) await cp(dataDir, join(app, "data"), { recursive: true });
  return app;
}

function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 3 });
}
