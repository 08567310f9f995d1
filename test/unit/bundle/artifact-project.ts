import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type Artifact, buildArtifact } from "../../../src/bundle/artifact.ts";
import { loadProject } from "../../../src/project/load.ts";
import { createTempProject, linkPackage } from "./temp-project.ts";

type Files = Readonly<Record<string, string>>;

/** A project with truss-ts among its packages, and with a manifest that says that its sources are modules. */
export function createModel(files: Files, name?: string): string {
  const root = createTempProject({ "package.json": '{ "type": "module" }', ...files }, name);
  linkPackage(root);
  return root;
}

/** Installed packages by name: each the files of its folder, a `package.json` made where there is none. */
export function packages(all: Readonly<Record<string, Files>>): Files {
  const files: Record<string, string> = {};
  for (const [name, own] of Object.entries(all)) {
    const manifest = JSON.stringify({ name: name.split("/node_modules/").at(-1), version: "1.2.3" });
    for (const [path, text] of Object.entries({ "package.json": manifest, ...own })) {
      files[`node_modules/${name}/${path}`] = text;
    }
  }
  return files;
}

export async function tryArtifact(root: string) {
  const loaded = await loadProject(root);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return buildArtifact(loaded.project);
}

export async function makeArtifact(root: string): Promise<Artifact> {
  const artifact = await tryArtifact(root);
  if (!artifact.ok) throw new Error(JSON.stringify(artifact.errors));
  return artifact;
}

/** Unpacks an artefact in an empty folder, with the packages outside and the project's data. */
export function unpack(artifact: Artifact, root?: string): string {
  const app = realpathSync(mkdtempSync(join(tmpdir(), "truss-ts-unpacked-")));
  onTestFinished(() => rmSync(app, { recursive: true, force: true, maxRetries: 3 }));
  const { code, map, files, copies, outside } = artifact;
  const texts = [{ path: "model/server.mjs", text: code }, { path: "model/server.mjs.map", text: map }, ...files];
  for (const { path, text } of texts) {
    mkdirSync(dirname(join(app, path)), { recursive: true });
    writeFileSync(join(app, path), text);
  }
  for (const { from, to } of copies) cpSync(from, join(app, to));
  for (const { name, folder } of outside) cpSync(folder, join(app, "model/node_modules", name), { recursive: true });
  if (root !== undefined) cpSync(join(root, "data"), join(app, "data"), { recursive: true });
  return app;
}

/**
 * What the model's `predict({})` answers in an unpacked artefact, and what the server printed. The model's process is
 * asked once, then the server is ended.
 */
export async function askArtifact(
  app: string,
  env: NodeJS.ProcessEnv = {},
  as: { uid?: number; gid?: number } = {},
): Promise<{ answer: unknown; log: string }> {
  const child = spawn(process.execPath, [join(app, "model", "server.mjs")], {
    cwd: tmpdir(),
    env: { ...process.env, TRUSS_TS_PORT: "0", TRUSS_TS_HOST: "127.0.0.1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...as,
  });
  let log = "";
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  try {
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        const found = /"url":"([^"]+)"/.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
      void ended.then(() => reject(new Error(`the artefact ended:\n${log}`)));
    });
    const answered = await fetch(`${url}/predict`, { method: "POST", body: "{}", signal: AbortSignal.timeout(15_000) });
    const answer: unknown = await answered.json();
    child.kill("SIGTERM");
    await ended;
    return { answer, log };
  } finally {
    child.kill("SIGKILL");
  }
}
