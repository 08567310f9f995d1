import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installPackages } from "./npm-packages.mjs";
import { cacheFolder, cleanEnv, makeFolder, run } from "./workshop.mjs";

const versions = { "create-vite": "9.3.0", "create-hono": "0.19.5" };

/** Installs the scaffolders that `init` is measured against, once. Throws where there is no registry. */
export async function installScaffolders() {
  const modules = await installPackages(versions);
  return {
    versions,
    createVite: join(modules, "create-vite", "index.js"),
    createHono: join(modules, "create-hono", "bin"),
  };
}

/**
 * create-hono takes its template from GitHub, or with `--offline` from its cache, which this fills; it is only ever
 * measured with `--offline`, so that nobody's network is. Gives the cache and whether the template is the real one.
 */
export async function fillHonoCache(createHono) {
  const cache = cacheFolder(`create-hono-${versions["create-hono"]}-templates`);
  const env = cleanEnv({ XDG_CACHE_HOME: cache });
  const tarball = join(cache, "bluwy-giget", "gh", "honojs-starter", "v0.19.tar.gz");
  if (existsSync(tarball)) return { env: { XDG_CACHE_HOME: cache }, real: true };
  const script = `printf 'n\\n' | "$0" "$1" project --template nodejs --pm npm`;
  const args = ["-c", script, process.execPath, createHono];
  await run("bash", args, { cwd: makeFolder("create-hono"), env, timeoutMs: 30_000 }).catch(() => undefined);
  if (existsSync(tarball)) return { env: { XDG_CACHE_HOME: cache }, real: true };
  return { env: { XDG_CACHE_HOME: await writeStandIn() }, real: false };
}

/** A template of the same files as the real one, in a tarball that has nothing else: the least work there can be. */
async function writeStandIn() {
  const folder = makeFolder("create-hono-template");
  const files = {
    ".gitignore": "node_modules/\ndist/\n.env\n",
    "README.md": "To install dependencies: npm install\n",
    "package.json": `{"type":"module","scripts":{"dev":"tsx watch src/index.ts"},"dependencies":{"hono":"^4"}}\n`,
    "src/index.ts": `import { Hono } from "hono";\n\nexport const app = new Hono();\n`,
    "tsconfig.json": `{"compilerOptions":{"strict":true,"module":"NodeNext","verbatimModuleSyntax":true}}\n`,
  };
  const template = join(folder, "starter", "templates", "nodejs");
  mkdirSync(join(template, "src"), { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(template, path), text);
  const home = join(folder, "bluwy-giget", "gh", "honojs-starter");
  mkdirSync(home, { recursive: true });
  await run("tar", ["-czf", join(home, "v0.19.tar.gz"), "starter"], { cwd: folder });
  return folder;
}
