import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { createModel, makeArtifact, packages, tryArtifact } from "./artifact-project.ts";
import { writeFiles } from "./temp-project.ts";

const model = (imports: string, expression = "null") => `${imports}
export class Model { predict() { return ${expression}; } }`;

/** What is decided of the packages that a model imports, and why. */
async function decide(source: string, installed: Parameters<typeof packages>[0], config = "model_name: x\n") {
  const root = createModel({ "config.yaml": config, "model/model.ts": source, ...packages(installed) });
  const artifact = await makeArtifact(root);
  const ours = new Set(["truss-ts", "hono", "@hono/node-server", "@msgpack/msgpack", "ws"]);
  return {
    artifact,
    root,
    outside: Object.fromEntries(artifact.outside.map(({ name, why }) => [name, why])),
    bundled: artifact.bundled.map(({ name }) => name).filter((name) => !ours.has(name)),
  };
}

const esm = { "package.json": '{ "type": "module", "version": "1.2.3" }' };

describe("packages of pure JavaScript", () => {
  it("are bundled, as far as they are used", async () => {
    const { outside, bundled, artifact } = await decide(model('import { used } from "pure";', "used()"), {
      pure: { ...esm, "index.js": 'export const used = () => "TAKEN";\nexport const idle = () => "LEFT";' },
    });
    expect(outside).toEqual({});
    expect(bundled).toEqual(["pure"]);
    expect(artifact.bundled).toContainEqual({ name: "pure", version: "1.2.3" });
    expect(artifact.code).toContain("TAKEN");
    expect(artifact.code).not.toContain("LEFT");
  });

  it("vanish where only their types are imported", async () => {
    const { outside, bundled } = await decide(model('import type { T } from "typed";\nexport type { T };'), {
      typed: { "binding.gyp": "", "index.js": "", "index.d.ts": "export type T = 1;" },
    });
    expect([outside, bundled]).toEqual([{}, []]);
  });

  it("are bundled where all that their workers run is in a text, and what they require is Node's", async () => {
    const text = `import { createRequire } from "module";
      const load = createRequire("/");
      export const run = () => new (load("worker_threads").Worker)("1", { eval: true });`;
    const { outside } = await decide(model('import { run } from "pure";', "run()"), {
      pure: { ...esm, "index.js": text },
    });
    expect(outside).toEqual({});
  });

  it("are bundled although something in them that is not used reads files, or only a comment says so", async () => {
    const { outside } = await decide(model('import { pure } from "both";', "pure"), {
      both: {
        ...esm,
        "index.js": 'export { pure } from "./pure.js";\nexport { reads } from "./reads.js";',
        "pure.js": "// unlike __dirname, and require(name)\nexport const pure = 1;",
        "reads.js": "export const reads = () => import.meta.url;",
      },
    });
    expect(outside).toEqual({});
  });
});

describe("packages that stay outside", () => {
  const asks = (text: string) => ({ ...esm, "index.js": text });
  const cases: readonly (readonly [why: string, files: Readonly<Record<string, string>>])[] = [
    ["native code", { "index.js": "", "build/Release/addon.node": "" }],
    ["native code", { "index.js": "", "binding.gyp": "" }],
    ["native code", { "index.js": "", "package.json": '{ "gypfile": true }' }],
    ["native code", { "index.js": "", "package.json": '{ "optionalDependencies": { "@x/p-linux-x64": "1" } }' }],
    ["native code", { "index.js": "", "package.json": '{ "dependencies": { "node-gyp-build": "4" } }' }],
    ["native code", { "index.js": 'module.exports = require("./lib/x.node");', "lib/deep/er/x.txt": "" }],
    ["native code", { "index.js": 'process.dlopen(module, "/x");' }],
    ["install script", { "index.js": "", "package.json": '{ "scripts": { "postinstall": "node x" } }' }],
    ["reads files beside its code", { "index.js": 'exports.x = require("fs").readFileSync(__dirname + "/x");' }],
    ["reads files beside its code", asks('export const x = new URL("./x", import.meta.url);')],
    ["reads files beside its code", asks("export const x = import.meta.dirname;")],
    ["reads files beside its code", { "index.js": 'exports.x = require.resolve("./x.txt");' }],
    ["reads files beside its code", asks('import x from "./x.wasm";\nexport { x };')],
    ["reads files beside its code", asks('import { createRequire as c } from "module";\nc(process.cwd())("x");')],
    ["starts workers of its own", asks('import { Worker } from "worker_threads";\nnew Worker("/x.js");')],
    ["starts workers of its own", { "index.js": 'const t = require("worker_threads"); new t.Worker("/x.js");' }],
    ["loads code by computed names", asks("export const x = (name) => import(name);")],
    ["loads code by computed names", { "index.js": "exports.x = (name) => require(name);" }],
    ["loads code by computed names", { "index.js": "const load = require; exports.x = load;" }],
    ["cannot be bundled", asks('import x from "./no.js"; export { x };')],
  ];

  it("are those whose code or folder says so", async () => {
    const named = cases.map(([why, files], index) => ({ name: `p${index}`, why, files }));
    const imports = named.map(({ name }) => `import * as ${name} from "${name}";`).join("\n");
    const uses = `[${named.map(({ name }) => name).join(", ")}]`;
    const installed = Object.fromEntries(named.map(({ name, files }) => [name, files]));
    const { outside, bundled, artifact, root } = await decide(model(imports, uses), installed);
    expect(outside).toEqual(Object.fromEntries(named.map(({ name, why }) => [name, why])));
    expect(bundled).toEqual([]);
    expect(artifact.outside[0]).toMatchObject({ folder: join(root, "node_modules", "p0"), specifiers: ["p0"] });
    // In the order of the imports.
    expect(artifact.code).toContain('{ __proto__: null, "p0": () => import("p0"), "p1": () => import("p1"), "p2"');
  });

  it("follows imports whose beginning is written out", async () => {
    const { outside, bundled } = await decide(model('import { word } from "words";', 'word("en")'), {
      words: { ...esm, "index.js": "export const word = (l) => import(`./words/${l}.js`);", "words/en.js": "" },
    });
    expect([outside, bundled]).toEqual([{}, ["words"]]);
  });

  it("is decided for each by itself: a pure one that uses a native one is bundled", async () => {
    const { outside, bundled } = await decide(model('import { a } from "wraps";', "a"), {
      wraps: { ...esm, "index.js": 'export { a } from "native/sub";' },
      native: { "binding.gyp": "", "sub.js": "exports.a = 1;" },
    });
    expect(outside).toEqual({ native: "native code" });
    expect(bundled).toEqual(["wraps"]);
  });

  it("takes along who needs a copy of its own", async () => {
    const { outside } = await decide(model('import { a } from "wraps";\nimport "native";', "a"), {
      wraps: { ...esm, "index.js": 'export { a } from "native";' },
      "wraps/node_modules/native": { "binding.gyp": "", "index.js": "exports.a = 1;" },
      native: { "binding.gyp": "", "index.js": "" },
    });
    expect(outside).toEqual({ native: "native code", wraps: "needs its own native" });
  });

  it("takes along what it shares with the model, peers too, so that there is one copy", async () => {
    const { outside, bundled } = await decide(
      model('import { core } from "core";\nimport { tool } from "tool";\nimport "alone";', "[core, tool]"),
      {
        tool: {
          "package.json": '{ "gypfile": true, "dependencies": { "between": "1" } }',
          "index.js": "exports.tool = 1",
        },
        between: { "package.json": '{ "peerDependencies": { "core": "1" } }' },
        core: { ...esm, "index.js": "export const core = 1;" },
        alone: { ...esm, "index.js": "globalThis.alone = 1;" },
      },
    );
    expect(outside).toEqual({ tool: "native code", core: "shared with between" });
    expect(bundled).toEqual(["alone"]);
  });

  it("is decided by config.yaml first", async () => {
    const wishes = "model_metadata: { truss_ts: { packages: { outside: [pure], bundled: [odd] } } }\n";
    const { outside, bundled } = await decide(
      model('import "pure";\nimport { x } from "odd";', "x"),
      { pure: { ...esm, "index.js": "" }, odd: { "binding.gyp": "", "index.js": "exports.x = __dirname;" } },
      wishes,
    );
    expect(outside).toEqual({ pure: "named in config.yaml" });
    expect(bundled).toEqual(["odd"]);
  });

  it("are found where the model looks them up by name", async () => {
    const source = `import { createRequire } from "node:module";
      import { dirname } from "node:path";
      const load = createRequire(import.meta.url);
      export class Model {
        predict() { return [load.resolve("by-require/package.json"), dirname(import.meta.resolve("by-meta")), load("called")]; }
      }`;
    const { outside } = await decide(source, {
      "by-require": {},
      "by-meta": { ...esm, "index.js": "" },
      called: { "index.js": "" },
      unnamed: { "binding.gyp": "", "index.js": "" },
    });
    const why = "looked up by its name";
    expect(outside).toEqual({ "by-require": why, "by-meta": why, called: why });
  });

  it("are named by the whole file where Node wants that", async () => {
    const { artifact } = await decide(model('import { a } from "native/sub";', "a"), {
      native: { "binding.gyp": "", "sub.js": "exports.a = 1;" },
    });
    expect(artifact.outside[0]?.specifiers).toEqual(["native/sub.js"]);
  });
});

describe("what else may be imported", () => {
  it("a package that is not there fails as it does during development", async () => {
    const built = await tryArtifact(createModel({ "model/model.ts": model('import { x } from "absent";', "x") }));
    expect(built).toMatchObject({
      ok: false,
      errors: [{ message: 'Cannot find package "absent". Run: npm install absent', file: "model/model.ts", line: 1 }],
    });
  });

  it("linked packages and aliases are bundled, TypeScript too, and have no machine's name", async () => {
    const root = createModel({
      "tsconfig.json": '{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }',
      "model/model.ts": model(
        'import { shared } from "shared";\nimport { aliased } from "@/aliased";',
        "[shared, aliased]",
      ),
      "src/aliased.ts": 'export const aliased: string = "ALIASED";',
    });
    const shared = join(dirname(root), "packages", "shared");
    writeFiles(shared, {
      "package.json": '{ "name": "shared", "type": "module", "main": "./src/start.ts" }',
      "src/start.ts": 'export const shared: string = "SHARED" + import.meta.url;',
    });
    symlinkSync(shared, join(root, "node_modules", "shared"), "junction");
    const { code, outside, map } = await makeArtifact(root);
    expect(outside).toEqual([]);
    expect(code).toContain("SHARED");
    expect(code).toContain("ALIASED");
    expect(code).toContain('"./_linked/shared/src/start.ts"');
    expect(JSON.parse(map)).toMatchObject({
      sourceRoot: "../",
      sources: expect.arrayContaining(["_linked/shared/src/start.ts", "src/aliased.ts"]) as unknown,
    });
  });

  it("a package that cannot be bundled, in two copies of which both are the model's own, is refused", async () => {
    const native = (version: string) => ({
      "package.json": JSON.stringify({ gypfile: true, version }),
      "index.js": "exports.a = 1;",
    });
    const root = createModel({
      "model/model.ts": model('import { a } from "native";\nimport { b } from "shared";', "[a, b]"),
      ...packages({ native: native("1.0.0") }),
    });
    const shared = join(dirname(root), "packages", "shared");
    writeFiles(shared, {
      "package.json": '{ "name": "shared", "type": "module", "main": "./start.ts" }',
      "start.ts": 'export { a as b } from "native";',
      ...packages({ native: native("2.0.0") }),
    });
    symlinkSync(shared, join(root, "node_modules", "shared"), "junction");
    const message = 'Package "native", which cannot be bundled, is imported as 1.0.0 and as 2.0.0. Make it one.';
    expect(await tryArtifact(root)).toMatchObject({ ok: false, errors: [{ message }] });
  });

  it("a package in a store of links is found, and has no place's name", async () => {
    const root = createModel({
      "model/model.ts": model('import { deep } from "pkg";', "deep"),
      ...packages({
        ".pnpm/pkg@1.2.3/node_modules/pkg": { ...esm, "index.js": 'export { deep } from "dep";' },
        ".pnpm/dep@1.2.3/node_modules/dep": { ...esm, "index.js": 'export const deep = "DEEP";' },
        ".pnpm/nat@1.2.3/node_modules/nat": { "binding.gyp": "", "index.js": "" },
      }),
    });
    const store = join(root, "node_modules", ".pnpm");
    mkdirSync(join(store, "pkg@1.2.3", "node_modules"), { recursive: true });
    symlinkSync(join(store, "dep@1.2.3/node_modules/dep"), join(store, "pkg@1.2.3/node_modules/dep"), "junction");
    symlinkSync(join(store, "pkg@1.2.3/node_modules/pkg"), join(root, "node_modules/pkg"), "junction");
    const artifact = await makeArtifact(root);
    expect(artifact.code).toContain("// node_modules/dep/index.js");
    expect(artifact.code + artifact.map).not.toContain(".pnpm");
    expect(artifact.outside).toEqual([]);

    // Only its user can see it from here: it goes outside with it.
    writeFiles(realpathSync(join(root, "node_modules", "pkg")), {
      "index.js": 'import "nat";\nexport const deep = 1;',
    });
    symlinkSync(join(store, "nat@1.2.3/node_modules/nat"), join(store, "pkg@1.2.3/node_modules/nat"), "junction");
    const again = await makeArtifact(root);
    expect(again.outside.map(({ name, why }) => [name, why])).toEqual([["pkg", "needs its own nat"]]);
  });
});
