import { build } from "esbuild";
import { join, resolve } from "node:path";
import { packageRoot } from "../lib/package-root.ts";
import type { Artifact } from "./artifact.ts";
import type { Project } from "../project/types.ts";

/** Only until the real artefact is there: the model, everything it imports and the runtime in one file. */
export async function buildStandIn(project: Project, port: number): Promise<Artifact> {
  const config = JSON.stringify({ ...project.config.raw, secrets: project.config.secrets });
  const contents = [
    `import { serveModel } from ${JSON.stringify(join(packageRoot(), "dist", "runtime.js"))};`,
    `import * as model from ${JSON.stringify(project.modelFile)};`,
    'import { fileURLToPath } from "node:url";',
    'const root = fileURLToPath(new URL("..", import.meta.url));',
    `const port = Number(process.env.TRUSS_TS_PORT ?? ${port});`,
    `await serveModel(async () => model, { root, port, config: ${config} });`,
  ].join("\n");
  const { outputFiles, metafile } = await build({
    absWorkingDir: project.root,
    stdin: { contents, resolveDir: project.root, loader: "js" },
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    outfile: join(project.root, "model", "server.mjs"),
    sourcemap: "external",
    sourcesContent: false,
    loader: { ".txt": "text", ".md": "text", ".html": "text", ".csv": "text", ".jinja": "text" },
    banner: {
      js: 'import { createRequire as __standIn } from "node:module"; const require = __standIn(import.meta.url);',
    },
    logLevel: "silent",
  });
  const find = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  const inputs = Object.keys(metafile.inputs).map((input) => resolve(project.root, input));
  return {
    ok: true,
    code: find(".mjs"),
    map: find(".map"),
    inputs,
    files: [],
    outside: [],
    bundled: [],
    copies: [],
    warnings: [],
  };
}
