import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { createBundler } from "../../../src/bundle/bundler.ts";
import { judge } from "../../../src/bundle/hot/judge.ts";
import { loadProject } from "../../../src/project/load.ts";
import { createTempProject, writeFiles } from "./temp-project.ts";

const model = "model/model.ts";

interface Live {
  load?: () => void;
  predict: (text?: string) => unknown;
}
interface LiveBundle {
  Model: { new (context?: object): Live; schema?: object };
  __trussEvaluate: Evaluate;
}
type Evaluate = (code: string) => { model: LiveBundle["Model"]; commit: () => void; evaluate?: Evaluate };

type Files = string | Readonly<Record<string, string>>;
const filesOf = (files: Files) => (typeof files === "string" ? { [model]: files } : files);

async function openProject(files: Files) {
  const root = createTempProject(filesOf(files));
  const loaded = await loadProject(root, { environment: "test" });
  if (!loaded.ok) throw new Error("the test's project is wrong");
  const bundler = await createBundler(loaded.project, { patchable: true, outDir: join(root, "out") });
  onTestFinished(() => bundler.close());
  const build = async (changed: Files = {}) => {
    writeFiles(root, filesOf(changed));
    const built = await bundler.build();
    if (!built.ok) throw new Error(built.errors[0]?.message);
    return built;
  };
  return { root, build };
}

async function judgeEdit(before: Files, after: Files) {
  const { build } = await openProject(before);
  const live = (await build()).code;
  const { code: edited, file } = await build(after);
  return judge({ live, edited, file, className: "Model", added: new Set() });
}

const swapFor = (why: RegExp) => ({ how: "swap", why: expect.stringMatching(why) });
const hotFor = (why: RegExp) => ({ how: "hot", why: expect.stringMatching(why) });

const base = (predict: string, more = "") =>
  `export class Model {\n  hits = 0;\n  async load() { await null; }\n  predict(input: any) { ${predict} }\n${more}}\n`;

describe("an edit is hot", () => {
  it.each<[string, Files, Files, RegExp]>([
    [
      "of an imported text, which is told by its file",
      {
        [model]: `import text from "./my-prompt.txt";\n${base("return text;")}`,
        "model/my-prompt.txt": "one",
      },
      { "model/my-prompt.txt": "two" },
      /^only model\/my-prompt\.txt changed$/,
    ],
    ["of a method", base("return 1;"), base("return 2;"), /only predict\(\) changed/],
    ["that adds a method", base("return 1;"), base("return this.more();", "  more() { return 2; }\n"), /predict\(\)/],
    [
      "that adds an endpoint",
      base("return 1;"),
      base("return 1;", "  embeddings() { return []; }\n"),
      /embeddings\(\)/,
    ],
    ["that takes a method away", base("return 1;", "  more() {}\n"), base("return 1;"), /more\(\)/],
    ["of comments only", base("return 1;"), `// a comment\n${base("return 1;")}`, /no code changed/],
    [
      "of a helper that only requests use",
      `const shout = (text: string) => text + "!";\n${base("return shout('a');")}`,
      `const shout = (text: string) => text + "?";\n${base("return shout('a');")}`,
      /only shout changed/,
    ],
    [
      "of a helper in another file",
      {
        [model]: `import { shout } from "./shout.ts";\n${base("return shout('a');")}`,
        "model/shout.ts": "export function shout(text: string) { return text; }\n",
      },
      { "model/shout.ts": "export function shout(text: string) { return text + text; }\n" },
      /only shout changed/,
    ],
    [
      "of a prompt",
      `const PROMPT = "You are kind.";\n${base("return PROMPT;")}`,
      `const PROMPT = "You are terse.";\n${base("return PROMPT;")}`,
      /only PROMPT changed/,
    ],
    [
      "of a text file that is imported",
      { [model]: `import prompt from "./prompt.txt";\n${base("return prompt;")}`, "model/prompt.txt": "one" },
      { "model/prompt.txt": "two" },
      /prompt/,
    ],
    [
      "of a method, beside private members",
      base("return this.#add(1);", "  #sum = 0;\n  #add(n: number) { return (this.#sum += n); }\n"),
      base("return this.#add(2);", "  #sum = 0;\n  #add(n: number) { return (this.#sum += n); }\n"),
      /only predict\(\) changed/,
    ],
    [
      "of a method that counts in a field",
      base("this.hits = this.hits + 1; return [1, this.hits];"),
      base("this.hits = this.hits + 1; return [2, this.hits];"),
      /only predict\(\)/,
    ],
    [
      "of a static method",
      base("return Model.greet();", "  static greet() { return 1; }\n"),
      base("return Model.greet();", "  static greet() { return 2; }\n"),
      /static greet\(\)/,
    ],
    [
      "of a method of a class that extends one of the project's own",
      `class Base { predict() { return this.answer(); } answer() { return 0; } }\nexport class Model extends Base { answer() { return 1; } other() { return 1; } }\n`,
      `class Base { predict() { return this.answer(); } answer() { return 0; } }\nexport class Model extends Base { answer() { return 1; } other() { return 2; } }\n`,
      /only other\(\)/,
    ],
    [
      "of a class that only requests use, with what a definition may hold",
      `class Failed extends Error { static count = 0; code = 1; }\n${base("return new Failed().code;")}`,
      `class Failed extends Error { static count = 0; code = 2; }\n${base("return new Failed().code;")}`,
      /only Failed changed/,
    ],
    [
      "of a function whose local variables are computed again and again",
      `function step(text: string) { return text + 1; }\n${base("let out = ''; while (out.length < 3) { out = step(out); } return out;")}`,
      `function step(text: string) { return text + 2; }\n${base("let out = ''; while (out.length < 3) { out = step(out); } return out;")}`,
      /only step changed/,
    ],
  ])("%s", async (_name, before, after, why) => {
    expect(await judgeEdit(before, after)).toMatchObject(hotFor(why));
  });
});

describe("an edit is a swap", () => {
  const loading = (value: number) =>
    `function read() { return deep(); }\nfunction deep() { return ${value}; }\nexport class Model { n = 0; load() { this.n = read(); } predict() { return this.n; } }\n`;
  const withLoad = (load: string, more: string) =>
    `export class Model { f: any; load() { ${load} } predict() { return 1; } ${more} }\n`;
  const keeping = [
    ["behind an early return", "if (this.hits) return this.hits; this.hits = make(1); return this.hits;"],
    ["by a condition", "return this.hits ? this.hits : (this.hits = make(1));"],
    ["by an operator", "this.hits || (this.hits = make(1)); return this.hits;"],
    ["by way of a local variable", "if (!this.hits) { const made = make(1); this.hits = made; } return this.hits;"],
    ["made from a local variable", "const size = make(1); this.hits ??= Number(size); return this.hits;"],
    ["taken apart", "if (this.hits === 0) [this.hits] = [make(1)]; return this.hits;"],
  ] as const;
  const usingClass = [
    ["its prototype's members", "for (const key of ['tick']) this.f = (Model.prototype as any)[key];"],
    ["its prototype extended", "Object.defineProperty(Model.prototype, 'more', { value: 1 });"],
    ["by the instance", "const its = this.constructor as any; this.f = its.prototype[String('tick')];"],
    ["another instance", "this.f = [new Model()];"],
  ] as const;
  const defining = [
    ["calls something", "class Pool { static timer = setTimeout(() => {}, 0); size = VALUE; }"],
    ["has a static block", "class Pool { static { setTimeout(() => {}, 0); } size = VALUE; }"],
    ["makes what it extends", "const make = () => class {};\nclass Pool extends make() { size = VALUE; }"],
  ] as const;
  it.each<[string, Files, Files, RegExp]>([
    ["of load()", base("return 1;"), base("return 1;").replace("await null", "await 1"), /^load\(\) changed/],
    ["of a field", base("return 1;"), base("return 1;").replace("hits = 0", "hits = 1"), /field hits changed/],
    [
      "of the constructor",
      base("return 1;", "  constructor(private context: unknown) {}\n"),
      base("return 1;", "  constructor(private context: unknown) { this.hits = 9; }\n"),
      /constructor/,
    ],
    [
      "of a private field",
      base("return this.#n;", "  #n = 1;\n"),
      base("return this.#n;", "  #n = 2;\n"),
      /constructor or a field changed/,
    ],
    ["of a function that load() calls, however deep", loading(1), loading(2), /deep changed, which load\(\) may use/],
    [
      "of a method that load() calls",
      withLoad("this.f = this.read();", "read() { return 1; }"),
      withLoad("this.f = this.read();", "read() { return 2; }"),
      /read\(\) changed, which load\(\) may use/,
    ],
    [
      "of a method that load() hands on",
      withLoad("this.f = this.tick.bind(this);", "tick() { return 1; }"),
      withLoad("this.f = this.tick.bind(this);", "tick() { return 2; }"),
      /tick\(\) changed/,
    ],
    [
      "where load() gives the instance away",
      withLoad("globalThis.setTimeout(console.debug, 0, this);", "tick() { return 1; }"),
      withLoad("globalThis.setTimeout(console.debug, 0, this);", "tick() { return 2; }"),
      /tick\(\) changed, which load\(\) may use/,
    ],
    [
      "where load() looks members up by name",
      withLoad("const key = String('tick'); this.f = (this as any)[key];", "tick() { return 1; }"),
      withLoad("const key = String('tick'); this.f = (this as any)[key];", "tick() { return 2; }"),
      /tick\(\) changed/,
    ],
    [
      "of what a field holds",
      base("return this.h();", "  h = () => 1;\n"),
      base("return this.h();", "  h = () => 2;\n"),
      /field h changed/,
    ],
    [
      "of code that runs on import",
      `const started = Date.now();\n${base("return started;")}`,
      `const started = Date.now() + 1;\n${base("return started;")}`,
      /runs on import/,
    ],
    [
      "of a value that code on import uses",
      `const size = 1;\nconst list = new Array(size);\n${base("return list;")}`,
      `const size = 2;\nconst list = new Array(size);\n${base("return list;")}`,
      /size changed, which code that runs on import/,
    ],
    [
      "of a function that a registry took on import",
      `const f = () => 1;\nconst all = new Map([["f", f]]);\n${base("return all.get('f')();")}`,
      `const f = () => 2;\nconst all = new Map([["f", f]]);\n${base("return all.get('f')();")}`,
      /f changed, which code that runs on import/,
    ],
    [
      "of a new import",
      base("return 1;"),
      `import { cwd } from "node:process";\n${base("return cwd();")}`,
      /runs on import/,
    ],
    [
      "of what is computed once and kept",
      base("this.hits ??= make(1); return this.hits;") + "function make(n: number) { return n; }\n",
      base("this.hits ??= make(1); return this.hits;") + "function make(n: number) { return n + 1; }\n",
      /make changed, which a value that is computed once and kept/,
    ],
    [
      "of what is kept, in the longer form",
      base("if (!this.hits) { this.hits = make(1); } return this.hits;") + "function make(n: number) { return n; }\n",
      base("if (!this.hits) { this.hits = make(1); } return this.hits;") + "function make(n: number) { return -n; }\n",
      /computed once and kept/,
    ],
    ...keeping.map<[string, Files, Files, RegExp]>(([name, code]) => [
      `of what is kept, ${name}`,
      base(code) + "function make(n: number) { return n; }\n",
      base(code) + "function make(n: number) { return n + 1; }\n",
      /make changed, which a value that is computed once and kept/,
    ]),
    [
      "of a number that is kept",
      base("(this as any).size ??= 1; return 1;"),
      base("(this as any).size ??= 2; return 1;"),
      /computed once and kept changed/,
    ],
    ...usingClass.map<[string, Files, Files, RegExp]>(([name, load]) => [
      `where load() uses the class as a whole: ${name}`,
      withLoad(load, "tick() { return 1; }"),
      withLoad(load, "tick() { return 2; }"),
      /kept the class itself|tick\(\) changed/,
    ]),
    [
      "of comments only, where load() has kept the class",
      `const all = new Map();\n${withLoad("all.set(Model, 1);", "")}`,
      `// a comment\nconst all = new Map();\n${withLoad("all.set(Model, 1);", "")}`,
      /load\(\) may have kept the class itself/,
    ],
    ...defining.map<[string, Files, Files, RegExp]>(([name, top]) => [
      `of a class whose definition ${name}`,
      `${top.replace("VALUE", "1")}\n${base("return new Pool();")}`,
      `${top.replace("VALUE", "2")}\n${base("return new Pool();")}`,
      /Pool changed, whose definition does more/,
    ]),
    [
      "that takes away a class whose definition does something",
      `class Pool { static timer = setTimeout(() => {}, 0); }\n${base("return Pool.timer;")}`,
      base("return 1;"),
      /Pool changed, whose definition does more/,
    ],
    [
      "of a new class that cannot be defined",
      base("return 1;"),
      `class Pool { static size = JSON.parse("{"); }\n${base("return Pool.size;")}`,
      /Pool changed, whose definition does more/,
    ],
    [
      "that adds what a class has been waiting for",
      `declare const shout: () => string;\nclass Helper { go() { return shout(); } }\n${base("return new Helper().go();")}`,
      `const shout = () => "a";\nclass Helper { go() { return shout(); } }\n${base("return new Helper().go();")}`,
      /shout is new, and Helper may use it/,
    ],
    [
      "whose removed name is still spread",
      `const top = ["a"];\n${base("return [...top];")}`,
      `declare const top: string[];\n${base("return [...top];")}`,
      /top is gone/,
    ],
    [
      "of a static value",
      base("return 1;", "  static schema = { predict: 1 };\n"),
      base("return 1;", "  static schema = { predict: 2 };\n"),
      /field schema changed/,
    ],
    [
      "of a decorated class",
      `const log = (value: any, _context: unknown) => value;\nexport class Model { @log predict() { return 1; } }\n`,
      `const log = (value: any, _context: unknown) => value;\nexport class Model { @log predict() { return 2; } }\n`,
      /decorators/,
    ],
    [
      "of a class that is wrapped",
      `const wrap = <T>(it: T) => it;\nexport const Model = wrap(class { predict() { return 1; } });\n`,
      `const wrap = <T>(it: T) => it;\nexport const Model = wrap(class { predict() { return 2; } });\n`,
      /not a class of its own/,
    ],
    [
      "of a class that extends one from elsewhere",
      `import { EventEmitter } from "node:events";\nexport class Model extends EventEmitter { predict() { return 1; } }\n`,
      `import { EventEmitter } from "node:events";\nexport class Model extends EventEmitter { predict() { return 2; } }\n`,
      /not the project's own/,
    ],
    [
      "of a method that its own base class calls at the start",
      `class Base { kept: any; load() { this.kept = this.answer(); } }\nexport class Model extends Base { answer() { return 1; } predict() { return this.kept; } }\n`,
      `class Base { kept: any; load() { this.kept = this.answer(); } }\nexport class Model extends Base { answer() { return 2; } predict() { return this.kept; } }\n`,
      /answer\(\) changed/,
    ],
    [
      "of the base class",
      `class Base { answer() { return 1; } }\nexport class Model extends Base { predict() { return this.answer(); } }\n`,
      `class Base { answer() { return 2; } }\nexport class Model extends Base { predict() { return this.answer(); } }\n`,
      /Base changed/,
    ],
    ["where eval is used", base("return eval('1');"), base("return eval('2');"), /eval is used/],
    [
      "with a static block",
      base("return 1;", "  static { console.debug(); }\n"),
      base("return 2;", "  static { console.debug(); }\n"),
      /static block/,
    ],
    [
      "that mixes something into the prototype",
      `${base("return 1;")}Object.assign(Model.prototype, { more() {} });\n`,
      `${base("return 2;")}Object.assign(Model.prototype, { more() {} });\n`,
      /done with the class/,
    ],
    [
      "that renames the class",
      "class A { predict() { return 1; } }\nexport { A as Model };\n",
      "class B { predict() { return 1; } }\nexport { B as Model };\n",
      /another name/,
    ],
    [
      "whose removed name is still used",
      `const top = () => 1;\n${base("return top();")}`,
      base("return (globalThis as any).x ? top() : 1;").replace(/^/, "declare const top: () => number;\n"),
      /top is gone/,
    ],
  ])("%s", async (_name, before, after, why) => {
    expect(await judgeEdit(before, after)).toMatchObject(swapFor(why));
  });
});

describe("a patch", () => {
  it("brings the edit into the running bundle, again and again, and leaves its state", async () => {
    const source = (greeting: string, more = "") =>
      `let loads = 0;\nlet session: string | undefined;\nconst GREETING = "${greeting}";\n` +
      `async function* words(name: string) { yield GREETING; yield name; ${more} }\n` +
      `export class Model {\n  static schema = { loads: () => loads };\n  #calls = 0;\n  load() { loads += 1; session = "s" + loads; }\n` +
      `  async predict(name: string) { this.#calls += 1; const all: unknown[] = [];\n` +
      `    for await (const word of words(name)) all.push(word);\n` +
      `    return [...all, session, this.#calls, Model.schema.loads(), this instanceof Model, Model.name]; }\n}\n`;
    const { root, build } = await openProject(source("hi"));
    let live = await build();
    const bundle = (await import(pathToFileURL(live.file).href)) as LiveBundle;
    const instance = new bundle.Model({});
    instance.load?.();
    expect(await instance.predict("you")).toEqual(["hi", "you", "s1", 1, 1, true, expect.any(String)]);

    let evaluate = bundle.__trussEvaluate;
    const added = new Set<string>();
    const edit = async (files: Files) => {
      const { code, file } = await build(files);
      const verdict = judge({ live: live.code, edited: code, file, className: "Model", added });
      if (verdict.how !== "hot") throw new Error(verdict.why);
      const patch = evaluate(verdict.patch.code);
      for (const name of verdict.patch.adds) added.add(name);
      Object.assign(patch.model, { schema: bundle.Model.schema });
      Object.setPrototypeOf(instance, patch.model.prototype);
      patch.commit();
      evaluate = patch.evaluate ?? evaluate;
      live = { ...live, code };
    };
    await edit(source("hello"));
    expect(await instance.predict("you")).toEqual(["hello", "you", "s1", 2, 1, true, expect.any(String)]);
    await edit(`${source("hello", "yield extra();")}function extra() { return "new"; }\n`);
    expect(await instance.predict("you")).toEqual(["hello", "you", "new", "s1", 3, 1, true, expect.any(String)]);
    await edit(`${source("hey", "yield extra();")}function extra() { return "newer"; }\n`);
    expect(await instance.predict("you")).toEqual(["hey", "you", "newer", "s1", 4, 1, true, expect.any(String)]);
    expect(root).not.toBe("");
  });

  it("finds no name again that an earlier edit took away", async () => {
    const clone = "const structuredClone = () => 'ours';\n";
    const { build } = await openProject(`${clone}${base("return structuredClone(1);")}`);
    const live = (await build()).code;
    const { code, file } = await build(base("return 1;"));
    const added = new Set<string>();
    const first = judge({ live, edited: code, file, className: "Model", added });
    if (first.how !== "hot") throw new Error(first.why);
    for (const name of first.patch.adds) added.add(name);
    const next = await build(base("return structuredClone(1);"));
    const verdict = judge({ live: code, edited: next.code, file: next.file, className: "Model", added });
    expect(verdict).toMatchObject(swapFor(/structuredClone is gone/));
  });

  it("leaves a function alone that code has put another in the place of", async () => {
    const source = (value: number) =>
      `let impl = () => "first";\nconst set = (next: () => string) => { impl = next; };\n` +
      `export class Model { predict(text?: string) { if (text) set(() => text); return [impl(), ${value}]; } }\n`;
    const { build } = await openProject(source(1));
    const live = await build();
    const bundle = (await import(pathToFileURL(live.file).href)) as LiveBundle;
    const instance = new bundle.Model();
    instance.predict("second");
    const { code, file } = await build(source(2));
    const verdict = judge({ live: live.code, edited: code, file, className: "Model", added: new Set() });
    if (verdict.how !== "hot") throw new Error(verdict.why);
    const patch = bundle.__trussEvaluate(verdict.patch.code);
    Object.setPrototypeOf(instance, patch.model.prototype);
    patch.commit();
    expect(instance.predict()).toEqual(["second", 2]);
  });

  it("keeps lines and columns, so that the bundle's source map holds for it", async () => {
    const { build } = await openProject(base("return 1;"));
    const live = await build();
    const after = `\n\nconst helper = () => 5;\n${base('const value = `a   \n   b`; throw new Error("here" + helper() + value);')}`;
    const { code, file } = await build(after);
    const verdict = judge({ live: live.code, edited: code, file, className: "Model", added: new Set() });
    if (verdict.how !== "hot") throw new Error(verdict.why);
    const [inBundle, inPatch] = [code, verdict.patch.code].map((text) => {
      const lines = text.split("\n");
      const line = lines.findIndex((each) => each.includes('throw new Error("here"'));
      return [line, lines[line]?.indexOf("throw")];
    });
    expect(inPatch).toEqual(inBundle);
    expect(verdict.patch.code).toContain("a   \n   b");
    expect(verdict.patch.code).toMatch(/sourceURL=file:.*\n\/\/# sourceMappingURL=model-\w+\.mjs\.map$/);
  });
});
