import { chmodSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { askArtifact, createModel, makeArtifact, packages, unpack } from "../unit/bundle/artifact-project.ts";
import { writeFiles } from "../unit/bundle/temp-project.ts";

/** Each line names a file in another way. */
const model = `import { createRequire } from "node:module";
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import * as path from "node:path";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { ModelContext } from "truss-ts";
import { beat } from "native";
import { helper } from "../src/helper.ts";
import { settings } from "@/settings";

console.log("MODEL TOP");
const tick = await Promise.resolve("awaited");
const here = dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "..");
const text = (file: string | URL) => readFileSync(file, "utf8").trim();
const load = createRequire(import.meta.url);

export class Model {
  constructor(private readonly context: ModelContext) {}
  async predict() {
    const named = "b";
    const labels = join(here, "labels.txt");
    return {
      tick,
      beat: beat(),
      beside: text(new URL("./labels.txt", import.meta.url)),
      again: text(labels),
      shorthand: (({ labels }: { labels: string }) => text(labels))({ labels }),
      deep: text(path.resolve(import.meta.dirname, "deep", "x.txt")),
      dirname: text(__dirname + "/labels.txt"),
      template: text(\`\${here}/deep/x.txt\`),
      data: text(new URL("../data/words.txt", import.meta.url)),
      dataDir: text(join(this.context.data_dir, "words.txt")),
      cwd: text("data/words.txt"),
      asset: text(new URL("../assets/a.txt", import.meta.url)),
      joined: text(join(here, "..", "assets", "a.txt")),
      rooted: text(join(root, "assets/a.txt")),
      rootedData: text(join(root, "data", "words.txt")),
      concat: text(here + "/../assets/a.txt"),
      worked: text(join(here, "../assets", named + ".txt")),
      workedUrl: text(new URL(\`../assets/\${named}.txt\`, import.meta.url)),
      listed: readdirSync(new URL("../assets/", import.meta.url)).toSorted(),
      required: load("./table.json").row,
      requiredOut: load("../assets/table.json").row,
      helper: helper(),
      settings,
      worker: await ask(new Worker(new URL("./worker.mjs", import.meta.url))),
      typed: await ask(new Worker(new URL("./typed.ts", import.meta.url))),
      outer: await ask(new Worker(join(root, "src", "outer.mjs"))),
      forked: await ask(fork(new URL("./forked.mjs", import.meta.url))),
    };
  }
}

async function ask(worker: NodeJS.EventEmitter) {
  const [answer] = await once(worker, "message");
  return answer;
}
`;

const worker = (from: string) => `import { readFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { beat } from "native";
import { shared } from "${from}";
const own = readFileSync(new URL("./labels.txt", import.meta.url), "utf8").trim();
parentPort?.postMessage([shared, own, beat()]);
`;

const files = {
  "config.yaml": "model_name: places\n",
  "tsconfig.json": '{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }',
  "model/model.ts": model,
  "model/labels.txt": "labels",
  "model/deep/x.txt": "deep",
  "model/table.json": '{ "row": 1 }',
  "model/worker.mjs": worker("../src/shared.ts"),
  "model/typed.ts": worker("../src/shared.ts").replace("const own", "const own: string"),
  "model/forked.mjs": 'process.send(["forked", import.meta.filename.endsWith("forked.mjs")]); process.disconnect();',
  "model/model.test.ts": "throw 1;",
  "model/types.d.ts": "",
  "src/helper.ts": `import { readFileSync } from "node:fs";
    const text = (url: URL) => readFileSync(url, "utf8").trim();
    export const helper = () =>
      [text(new URL("../assets/a.txt", import.meta.url)), text(new URL("own.txt", import.meta.url)),
       text(new URL("../data/words.txt", import.meta.url)), text(new URL("../model/labels.txt", import.meta.url))];`,
  "src/own.txt": "own",
  "src/labels.txt": "src labels",
  "src/shared.ts": 'export const shared: string = "shared";',
  "src/settings.json": '{ "unused": true }',
  "src/settings.ts": 'export const settings = { name: "settings" };',
  "src/outer.mjs": worker("./shared.ts"),
  "assets/a.txt": "a",
  "assets/b.txt": "b",
  "assets/table.json": '{ "row": 2 }',
  "data/words.txt": "words",
  ...packages({
    native: {
      "binding.gyp": "",
      "package.json": '{ "version": "1.0.0", "type": "module", "exports": "./index.js" }',
      "index.js": 'console.log("PACKAGE TOP"); let n = 0; export const beat = () => ++n;',
    },
  }),
};

const answers = {
  tick: "awaited",
  beat: 1,
  beside: "labels",
  again: "labels",
  shorthand: "labels",
  deep: "deep",
  dirname: "labels",
  template: "deep",
  data: "words",
  dataDir: "words",
  cwd: "words",
  asset: "a",
  joined: "a",
  rooted: "a",
  rootedData: "words",
  concat: "a",
  worked: "b",
  workedUrl: "b",
  listed: ["a.txt", "b.txt", "table.json"],
  required: 1,
  requiredOut: 2,
  helper: ["a", "own", "words", "labels"],
  settings: { name: "settings" },
  worker: ["shared", "labels", 1],
  typed: ["shared", "labels", 1],
  outer: ["shared", "src labels", 1],
  forked: ["forked", true],
};

describe("the places of files in an artefact", () => {
  it("are found wherever it is unpacked, by another user, with nothing to write to", async () => {
    const root = createModel(files, "a project's #1 folder");
    const artifact = await makeArtifact(root);
    expect(artifact.warnings).toEqual([]);
    expect(artifact.copies.map(({ to }) => to)).toEqual([
      "data/words.txt",
      "model/_project/assets/a.txt",
      "model/_project/assets/b.txt",
      "model/_project/assets/table.json",
      "model/_project/src/labels.txt",
      "model/_project/src/own.txt",
      "model/deep/x.txt",
      "model/labels.txt",
      "model/table.json",
    ]);
    expect(artifact.files.map(({ path }) => path).filter((path) => !path.endsWith(".map"))).toEqual([
      "model/_project/src/outer.mjs",
      "model/forked.mjs",
      "model/typed.ts.mjs",
      "model/worker.mjs",
    ]);
    const app = unpack(artifact, root);
    makeReadOnly(app);
    const stranger = process.getuid?.() === 0 ? { uid: 65_532, gid: 65_532 } : {};
    const { answer, log } = await askArtifact(app, { HOME: undefined }, stranger);
    expect(answer).toEqual(answers);
    // In the model's process, and not in the one that owns the port; each worker has the package once more.
    expect(log.match(/MODEL TOP/g)).toHaveLength(1);
    expect(log.match(/PACKAGE TOP/g)).toHaveLength(4);
  });

  it("are told of where they cannot be followed", async () => {
    const root = createModel({
      "model/model.ts": `import { join } from "node:path";
import { readFileSync } from "node:fs";

export class Model {
  predict(name: string) {
    readFileSync(join(import.meta.dirname, "..", name));
    return readFileSync(new URL("../absent.txt", import.meta.url));
  }
}`,
    });
    const { warnings } = await makeArtifact(root);
    expect(warnings.map(({ file, line, message }) => [file, line, message])).toEqual([
      ["model/model.ts", 6, "What is looked for in the project's folder may not be there where the model runs."],
      ["model/model.ts", 7, "absent.txt is not there."],
    ]);
  });

  it("are found although a text of the model looks like the beginning of a module", async () => {
    const root = createModel({
      "model/model.ts": `import { readFileSync } from "node:fs";
const odd = \`
// model/model.ts
\`;
export class Model {
  predict() { return [odd, readFileSync(new URL("../assets/a.txt", import.meta.url), "utf8")]; }
}`,
      "assets/a.txt": "a",
    });
    const { answer } = await askArtifact(unpack(await makeArtifact(root)));
    expect(answer).toEqual(["\n// model/model.ts\n", "a"]);
  });

  it("a compiled addon beside the sources goes along", async () => {
    const root = createModel({
      "model/model.ts": 'import addon from "./addon.node";\nexport class Model { predict() { return addon; } }',
      "model/addon.node": "no machine's code",
    });
    const artifact = await makeArtifact(root);
    expect(artifact.copies).toEqual([{ from: join(root, "model/addon.node"), to: "model/addon.node", named: true }]);
    writeFiles(root, { "model/addon.node": "" });
    expect(artifact.code).not.toContain(root);
  });
});

function makeReadOnly(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) makeReadOnly(join(folder, entry.name));
    else chmodSync(join(folder, entry.name), 0o444);
  }
  chmodSync(folder, 0o555);
}
