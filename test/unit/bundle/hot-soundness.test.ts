import fc from "fast-check";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { createBundler } from "../../../src/bundle/bundler.ts";
import { judge } from "../../../src/bundle/hot/judge.ts";
import { loadProject } from "../../../src/project/load.ts";
import { createTempProject, writeFiles } from "./temp-project.ts";

/** What a program's parts may use: parts of a lower number, so that nothing goes round in circles. */
type Use = { readonly kind: "constant" | "function" | "method" | "field" | "bound" | "kept"; readonly index: number };
interface Part {
  readonly value: number;
  readonly uses: readonly Use[];
}
interface Source {
  readonly constants: readonly number[];
  readonly functions: readonly Part[];
  readonly methods: readonly Part[];
  readonly fields: readonly Part[];
  readonly load: Part;
  readonly onImport: Part;
  readonly isArrow: boolean;
}
type Instance = Record<string, unknown> & { load: () => void; predict: () => unknown };
interface Bundle {
  Model: new () => Instance;
  __trussEvaluate: (code: string) => { model: { prototype: object }; commit: () => void };
}

const count = 4;
const use = fc.record({
  kind: fc.constantFrom("constant", "function", "method", "field", "bound", "kept"),
  index: fc.nat(count - 1),
}) as fc.Arbitrary<Use>;
const part = fc.record({ value: fc.nat(9), uses: fc.array(use, { maxLength: 3 }) });
/** What runs at the start uses less, or every edit would be a new start. */
const early = fc.record({ value: fc.nat(9), uses: fc.array(use, { maxLength: 1 }) });
const four = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: count, maxLength: count });
const source: fc.Arbitrary<Source> = fc.record({
  constants: four(fc.nat(9)),
  functions: four(part),
  methods: four(part),
  fields: four(early),
  load: early,
  onImport: early,
  isArrow: fc.boolean(),
});
/** One place of the program gets another value. */
const edit = fc.record({
  place: fc.constantFrom(
    "constants",
    "functions",
    "functions",
    "methods",
    "methods",
    "methods",
    "fields",
    "load",
    "onImport",
  ),
  index: fc.nat(count - 1),
});

function write(program: Source): string {
  const term = ({ kind, index }: Use, below: number, self: string): string => {
    switch (kind) {
      case "constant":
        return `c${index}`;
      case "function":
        return index < below ? `f${index}()` : "0";
      case "method":
        return self === "" || index >= below ? "0" : `${self}.m${index}()`;
      case "field":
        return self === "" ? "0" : `(typeof ${self}.x${index} === "number" ? ${self}.x${index} : 0)`;
      case "bound":
        return self === "" || index >= below ? "0" : `(${self}.b${index} = ${self}.m${index}.bind(${self}), 1)`;
      case "kept":
        return self === "" || index >= below ? "0" : `(${self}.k${index} ??= f${index}())`;
    }
  };
  const sum = ({ value, uses }: Part, below: number, self = "") =>
    [value, ...uses.map((each) => term(each, below, self))].join(" + ");
  const functions = program.functions.map((each, index) =>
    program.isArrow
      ? `const f${index} = () => ${sum(each, index)};`
      : `function f${index}() { return ${sum(each, index)}; }`,
  );
  return [
    ...program.constants.map((value, index) => `const c${index} = ${value};`),
    ...functions,
    `let started = Number(${sum(program.onImport, count)});`,
    "export class Model {",
    ...program.fields.map((each, index) => `  x${index}: any = ${sum(each, count, "this")};`),
    "  [key: `b${number}`]: any; [key: `k${number}`]: any; state = started;",
    `  load() { this.state += ${sum(program.load, count, "this")}; }`,
    ...program.methods.map((each, index) => `  m${index}(): number { return ${sum(each, index, "this")}; }`),
    "  predict() { return [this.m0(), this.m1(), this.m2(), this.m3(), f0(), f1(), f2(), f3(), c0, c1, c2, c3]; }",
    "}",
  ].join("\n");
}

function change(program: Source, { place, index }: { place: string; index: number }): Source {
  const more = (each: Part): Part => ({ ...each, value: each.value + 1 });
  const at = <T>(list: readonly T[], next: (item: T) => T) => list.map((each, i) => (i === index ? next(each) : each));
  switch (place) {
    case "constants":
      return { ...program, constants: at(program.constants, (value) => value + 1) };
    case "functions":
      return { ...program, functions: at(program.functions, more) };
    case "methods":
      return { ...program, methods: at(program.methods, more) };
    case "fields":
      return { ...program, fields: at(program.fields, more) };
    case "load":
      return { ...program, load: more(program.load) };
    default:
      return { ...program, onImport: more(program.onImport) };
  }
}

/** What the start has left in the instance; a bound method counts as what it answers. */
const stateOf = (instance: Instance) =>
  Object.fromEntries(
    Object.entries(instance).map(([key, value]) => [
      key,
      typeof value === "function" ? (value as () => unknown)() : value,
    ]),
  );

it(
  "a hot edit leaves the model as a new start of the edited code would have made it",
  { timeout: 120_000 },
  async () => {
    const root = createTempProject({ "model/model.ts": "export class Model { predict() {} }\n" });
    const loaded = await loadProject(root, { environment: "test" });
    if (!loaded.ok) throw new Error("the test's project is wrong");
    const bundler = await createBundler(loaded.project, { patchable: true, outDir: join(root, "out") });
    onTestFinished(() => bundler.close());
    const start = async (text: string) => {
      writeFiles(root, { "model/model.ts": text });
      const built = await bundler.build();
      if (!built.ok) throw new Error(built.errors[0]?.message);
      const bundle = (await import(pathToFileURL(built.file).href)) as Bundle;
      const instance = new bundle.Model();
      instance.load();
      return { ...built, bundle, instance };
    };
    let [hot, swap] = [0, 0];
    const property = fc.asyncProperty(source, edit, async (program, where) => {
      const live = await start(write(program));
      const fresh = await start(write(change(program, where)));
      const verdict = judge({
        live: live.code,
        edited: fresh.code,
        file: fresh.file,
        className: "Model",
        added: new Set(),
      });
      if (verdict.how === "swap") return void (swap += 1);
      hot += 1;
      const served = new live.bundle.Model();
      served.load();
      served.predict();
      const patch = live.bundle.__trussEvaluate(verdict.patch.code);
      for (const each of [live.instance, served]) Object.setPrototypeOf(each, patch.model.prototype);
      patch.commit();
      expect(stateOf(live.instance)).toEqual(stateOf(fresh.instance));
      expect(live.instance.predict()).toEqual(fresh.instance.predict());
      // One that has answered before has kept values; they are what a new one would keep.
      expect(served.predict()).toEqual(fresh.instance.predict());
    });
    await fc.assert(property, { numRuns: 200 });
    // Both ways were taken, or nothing was shown.
    expect(hot).toBeGreaterThan(15);
    expect(swap).toBeGreaterThan(15);
  },
);
