// The tools whose reload is measured, each with a project as its users write it.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { installPackages } from "./npm-packages.mjs";
import { installTruss, packageFolder } from "./truss-package.mjs";

/**
 * How a tool wants a service: the file of the handler and its text, the folder of other files and how the handler
 * names it, what else belongs to the project, and what starts it.
 * @typedef {{
 *   entry: string, tree: string, write: (code: { input: string, imports: string, setup: string, answer: string }) => string,
 *   json: (value: string) => string, stream: (texts: string) => string, files?: Record<string, string>, types?: false,
 *   program: string, argv: (port: string, folder: string) => string[], env?: Record<string, string>,
 *   packages: Record<string, string>| string, tellsEvents?: true, inPlace?: true }} Tool
 */

const versions = {
  bun: "1.4.5",
  nitro: "3.0.260903-beta",
  vite: "8.3.8",
  "vite-node": "6.0.0",
  wrangler: "4.164.0",
  node: "22.23.3",
};

/** The names under which the tools stand in the tables, each with what finds or installs it. */
const tools = {
  "truss-ts dev": () => findTruss("swap"),
  "truss-ts dev --reload hot": () => findTruss("hot"),
  "tsx watch": findTsx,
  "node --watch": findNode,
  "bun --hot": findBun,
  "nitro dev": findNitro,
  "nitro (Vite)": findNitroVite,
  "vite-node --watch": findViteNode,
  "wrangler dev": findWrangler,
};

/** Whatever of these is here or can be installed, and why the others cannot. */
export async function findTools(names = Object.keys(tools)) {
  const found = {};
  const skipped = [];
  for (const name of names) {
    try {
      found[name] = await tools[name]();
    } catch (error) {
      skipped.push(`${name}: ${error.message.split("\n").slice(0, 3).join(" ")}`);
    }
  }
  return { found, skipped };
}

const peers = ["tsx", "hono", "bun", "nitro", "vite", "vite-node", "wrangler"];

export function describeVersions(names = peers) {
  const list = names.map((name) => `${name} ${versions[name] ?? versionOfOurs(name)}`);
  const newer =
    names.includes("wrangler") && needsNewerNode() ? ` Wrangler refuses this Node and is run by ${versions.node}.` : "";
  return `Versions: ${list.join(", ")}.${newer}`;
}

function versionOfOurs(name) {
  return JSON.parse(readFileSync(join(packageFolder(name), "package.json"), "utf8")).version;
}

/** @returns {Promise<Tool>} */
async function findTruss(reload) {
  const truss = await installTruss();
  const flags = reload === "swap" ? [] : ["--reload", reload];
  return {
    entry: "model/model.ts",
    tree: "./tree",
    write: ({ input, imports, setup, answer }) => `${imports}${setup}
export class Model {
  async predict(input: ${input}) {
    ${answer}
  }
}
`,
    json: (value) => value,
    stream: (texts) => texts,
    files: { "config.yaml": "model_name: bench\n" },
    program: process.execPath,
    argv: (port, folder) => [truss.cli, "dev", folder, "--port", port, "--strict-port", "--json", ...flags],
    packages: { "truss-ts": truss.folder },
    tellsEvents: true,
  };
}

const honoEntry = {
  entry: "src/server.ts",
  tree: "./tree",
  json: (value) => `context.json(${value})`,
  stream: (texts) => `stream(context, async (out) => {
      for await (const text of ${texts}) await out.write(text);
    })`,
  packages: { hono: packageFolder("hono"), "@hono/node-server": packageFolder("@hono/node-server") },
};

const honoApp = ({ input, imports, setup, answer }) => `import { Hono } from "hono";
import { stream } from "hono/streaming";
${imports}${setup}
const app = new Hono();
app.post("/predict", async (context) => {
    const input = await context.req.json<${input}>();
    ${answer}
});
`;

const honoServe = `serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT) });\n`;

const honoServer = (code) => `import { serve } from "@hono/node-server";\n${honoApp(code)}${honoServe}`;

function findTsx() {
  const cli = join(packageFolder("tsx"), "dist", "cli.mjs");
  return { ...honoEntry, write: honoServer, program: process.execPath, argv: () => [cli, "watch", "src/server.ts"] };
}

function findNode() {
  const argv = () => ["--watch", "src/server.mjs"];
  return { ...honoEntry, types: false, inPlace: true, write: honoServer, program: process.execPath, argv };
}

async function findBun() {
  const modules = await installPackages({ bun: versions.bun });
  const suffixes = ["", "-baseline", "-musl"].map((suffix) => `bun-${process.platform}-${bunArch()}${suffix}`);
  const program = suffixes.map((name) => join(modules, "@oven", name, "bin", "bun")).find((file) => existsSync(file));
  if (program === undefined) throw new Error(`npm has no bun for ${process.platform} ${process.arch}`);
  const end = `export default { fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT) };\n`;
  return { ...honoEntry, write: (code) => honoApp(code) + end, program, argv: () => ["--hot", "src/server.ts"] };
}

function bunArch() {
  return process.arch === "arm64" ? "aarch64" : process.arch;
}

const nitroEntry = {
  entry: "server/routes/predict.post.ts",
  tree: "../lib",
  json: (value) => value,
  stream: (texts) => `ReadableStream.from(${texts}).pipeThrough(new TextEncoderStream())`,
  write: ({ input, imports, setup, answer }) => `import { defineHandler } from "nitro";
${imports}${setup}
export default defineHandler(async (event) => {
    const input = (await event.req.json()) as ${input};
    ${answer}
});
`,
};

async function findNitro() {
  const modules = await installPackages({ nitro: versions.nitro });
  const cli = join(modules, "nitro", "dist", "cli", "index.mjs");
  const files = {
    "nitro.config.mjs": `import { defineConfig } from "nitro";\n\nexport default defineConfig({ serverDir: "./server" });\n`,
  };
  const argv = (port) => [cli, "dev", "--port", port, "--host", "127.0.0.1"];
  return { ...nitroEntry, files, program: process.execPath, argv, packages: modules };
}

async function findNitroVite() {
  const modules = await installPackages({ nitro: versions.nitro, vite: versions.vite });
  const cli = join(modules, "vite", "bin", "vite.js");
  // The packages are linked from a folder of their own, where Vite would not read them.
  const files = {
    "vite.config.ts": `import { nitro } from "nitro/vite";
import { defineConfig } from "vite";

export default defineConfig({ plugins: [nitro({ serverDir: "./server" })], server: { fs: { strict: false } } });
`,
  };
  const argv = (port) => [cli, "dev", "--port", port, "--strictPort", "--host", "127.0.0.1"];
  return { ...nitroEntry, files, program: process.execPath, argv, packages: modules };
}

async function findViteNode() {
  const modules = await installPackages({ "vite-node": versions["vite-node"], vite: versions.vite });
  const cli = join(modules, "vite-node", "dist", "cli.mjs");
  // Without it the second edit finds the port taken by the first.
  const end = `const server = ${honoServe}if (import.meta.hot) import.meta.hot.on("vite:beforeFullReload", () => void server.close());\n`;
  const write = (code) => `import { serve } from "@hono/node-server";\n${honoApp(code)}${end}`;
  return { ...honoEntry, write, program: process.execPath, argv: () => [cli, "--watch", "src/server.ts"] };
}

async function findWrangler() {
  const modules = await installPackages({ wrangler: versions.wrangler });
  const cli = join(modules, "wrangler", "bin", "wrangler.js");
  const files = {
    "wrangler.jsonc": `{ "name": "bench", "main": "src/server.ts", "compatibility_date": "2025-09-01" }\n`,
  };
  return {
    ...honoEntry,
    write: (code) => `${honoApp(code)}export default app;\n`,
    files,
    program: await findNewerNode(),
    argv: (port) => [cli, "dev", "--port", port, "--ip", "127.0.0.1"],
    // What it would ask the network for takes time of its own.
    env: { WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" },
  };
}

/** Wrangler refuses the older of the Nodes that truss-ts runs on. */
async function findNewerNode() {
  if (!needsNewerNode()) return process.execPath;
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const modules = await installPackages({ [name]: versions.node });
  return join(modules, name, "bin", process.platform === "win32" ? "node.exe" : "node");
}

function needsNewerNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major < 22 || (major === 22 && minor < 12);
}
