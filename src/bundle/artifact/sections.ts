import { type AnyNode, type Program, parse } from "acorn";
import { resolve } from "node:path";
import { findPackage } from "./layout.ts";
import { isVirtual } from "./neutral.ts";
import { placeNamespace } from "./places.ts";

/** Statements of the built code that come from one source. */
export interface Section {
  /** Absolute path of the source. */
  readonly file: string;
  readonly statements: readonly AnyNode[];
}

/** The built code by where it comes from. */
export interface Sections {
  readonly program: Program;
  /** Of the project and of what is linked into it. */
  readonly own: readonly Section[];
  readonly packages: readonly Section[];
  /** The modules that stand for the places of sources, by the sources. */
  readonly places: readonly Section[];
}

/** @param inputs esbuild's names of the modules, relative to the project; each stands in a comment before its code */
export function splitSections(code: string, root: string, inputs: ReadonlySet<string>): Sections {
  const program = parse(code, { ecmaVersion: "latest", sourceType: "module" });
  const heads = [...code.matchAll(/^\/\/ (.*)$/gm)].flatMap(({ index, 1: input = "" }) =>
    inputs.has(input) ? [{ index, input }] : [],
  );
  const byInput = new Map<string, AnyNode[]>();
  let head = -1;
  for (const statement of program.body) {
    while ((heads[head + 1]?.index ?? Infinity) < statement.start) head += 1;
    const input = heads[head]?.input;
    if (input === undefined) continue;
    const statements = byInput.get(input) ?? [];
    statements.push(statement);
    byInput.set(input, statements);
  }
  const all = [...byInput].map(([input, statements]) => ({ input, file: fileOf(input, root), statements }));
  const real = all.filter(({ input }) => !isVirtual(input));
  return {
    program,
    own: real.filter(({ file }) => findPackage(file) === undefined),
    packages: real.filter(({ file }) => findPackage(file) !== undefined),
    places: all.filter(({ input }) => input.startsWith(`${placeNamespace}:`)),
  };
}

function fileOf(input: string, root: string): string {
  return isVirtual(input) ? input.slice(input.indexOf(":") + 1) : resolve(root, input);
}
