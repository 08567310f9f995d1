import { type AnyNode, parse } from "acorn";
import { resolve } from "node:path";
import { findPackage } from "./layout.ts";
import { isVirtual } from "./neutral.ts";
import { placeNamespace } from "./places.ts";
import { runtimePackages } from "./resolve.ts";

/** Statements of the built code that come from one source. */
export interface Section {
  /** Absolute path of the source. */
  readonly file: string;
  readonly statements: readonly AnyNode[];
  /** Where in the built code it begins: the statements count from there. */
  readonly start: number;
}

/** The built code by where it comes from, as far as it is of interest: the runtime's is known. */
export interface Sections {
  /** Of the project and of what is linked into it. */
  readonly own: readonly Section[];
  readonly packages: readonly Section[];
  /** The modules that stand for the places of sources, by the sources. */
  readonly places: readonly Section[];
}

/** @param inputs esbuild's names of the modules, relative to the project; each stands in a comment before its code */
export function splitSections(code: string, root: string, inputs: ReadonlySet<string>): Sections {
  const heads = [...code.matchAll(/^\/\/ (.*)$/gm)].flatMap(({ index, 1: input = "" }) =>
    inputs.has(input) ? [{ start: index, input }] : [],
  );
  const parts = heads.map(({ start, input }, index) => {
    const file = isVirtual(input) ? input.slice(input.indexOf(":") + 1) : resolve(root, input);
    return { input, file, start, end: heads[index + 1]?.start ?? code.length };
  });
  let whole: readonly AnyNode[] | undefined;
  const read = ({ file, start, end }: (typeof parts)[number]): Section => {
    const statements = parseText(code.slice(start, end));
    if (statements !== undefined) return { file, start, statements };
    // A line of some text looks like the beginning of a module.
    whole ??= parse(code, settings).body;
    return { file, start: 0, statements: whole.filter((node) => node.start >= start && node.start < end) };
  };
  const take = (wanted: (part: (typeof parts)[number]) => boolean) => parts.filter(wanted).map(read);
  const packageOf = (file: string) => findPackage(file)?.name;
  return {
    own: take(({ input, file }) => !isVirtual(input) && packageOf(file) === undefined),
    packages: take(({ input, file }) => {
      const name = isVirtual(input) ? undefined : packageOf(file);
      return name !== undefined && !runtimePackages.has(name);
    }),
    places: take(({ input }) => input.startsWith(`${placeNamespace}:`)),
  };
}

const settings = { ecmaVersion: "latest", sourceType: "module" } as const;

function parseText(text: string): readonly AnyNode[] | undefined {
  try {
    // What a whole file exports may be declared in another of its sections.
    return parse(text.replace(/^export \{[^}]*\};\s*$/m, ""), settings).body;
  } catch {
    return undefined;
  }
}
