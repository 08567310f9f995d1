import { renameSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { transformSync } from "esbuild";
import { awaitAnswer } from "./first-answer.mjs";
import { writeFiles } from "./services.mjs";
import { linkPackages } from "./truss-package.mjs";
import { cleanEnv, findFreePort, start } from "./workshop.mjs";

/**
 * A service as a project of one tool. `render(version)` gives the text of the file that an edit changes, `edited`.
 *
 * @param {import("./reload-tools.mjs").Tool} tool
 * @param {import("./reload-services.mjs").Service} service
 * @param {Record<string, string>} packages names and folders of what the service imports
 */
export function writeProject(tool, service, packages = {}) {
  const treeFolder = join(dirname(tool.entry), tool.tree);
  const textsOf = (version) => {
    const imports = service.imports(tool.tree);
    const [setup, answer] = [service.setup(version), service.answer(tool, version)];
    const entry = tool.write({ input: service.input, imports, setup, answer });
    const tree = Object.entries(service.tree(version)).map(([name, text]) => [join(treeFolder, name), text]);
    const texts = { [tool.entry]: entry, ...Object.fromEntries(tree) };
    return tool.types === false ? withoutTypes(texts) : texts;
  };
  const source = service.leaf === undefined ? tool.entry : join(treeFolder, service.leaf);
  const edited = tool.types === false ? plainName(source) : source;
  const manifest = `{"name":"bench","private":true,"type":"module"}\n`;
  const folder = writeFiles("reload", { "package.json": manifest, ...tool.files, ...textsOf(0) });
  if (typeof tool.packages === "string") symlinkSync(tool.packages, join(folder, "node_modules"), "junction");
  else linkPackages(folder, { ...tool.packages, ...packages });
  return { folder, edited: join(folder, edited), render: (version) => textsOf(version)[edited] };
}

/** Starts the tool on its project; resolves once it answers. `events` gathers what `dev --json` tells. */
export async function startTool(tool, project, question) {
  const port = await findFreePort();
  const events = [];
  const onLine = tool.tellsEvents === true ? (line) => void keepEvent(line, events) : undefined;
  const env = cleanEnv({ PORT: String(port), ...tool.env });
  const server = start(tool.program, tool.argv(String(port), project.folder), { cwd: project.folder, env, onLine });
  try {
    await awaitAnswer({ port, path: "/predict", body: question, server, timeoutMs: 60_000 });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { ...server, port, events };
}

/** As editors do that are afraid of half a file: a new one beside it takes its place. */
export function replaceFile(file, text) {
  const passing = join(dirname(file), `.${basename(file)}.tmp`);
  writeFileSync(passing, text);
  renameSync(passing, file);
}

function keepEvent(line, events) {
  const event = JSON.parse(line);
  if (event.event !== "request") events.push(event);
}

/** What a user of plain Node would have written. */
function withoutTypes(texts) {
  const plain = Object.entries(texts).map(([name, text]) => {
    const { code } = transformSync(text, { loader: "ts" });
    return [plainName(name), code.replaceAll(/\.ts"/g, '.mjs"')];
  });
  return Object.fromEntries(plain);
}

function plainName(name) {
  return name.replace(/\.ts$/, ".mjs");
}
