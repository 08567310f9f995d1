import type { AnyNode } from "acorn";
import { isBuiltin } from "node:module";
import { memberName, walk } from "../hot/syntax.ts";
import { isRequire } from "./code-signs.ts";
import { placeFinder } from "./places.ts";
import type { Section, Sections } from "./sections.ts";
import type { Names } from "./values.ts";

/** @param stagedPlaceOf where a source's place is in the stage, below `/` */
export function collectNames({ own, packages, places }: Sections, stagedPlaceOf: (file: string) => string): Names {
  const inits = collectInits(own);
  const metas = collectMetas(places);
  const imports = collectImports([...own, ...packages]);
  const moduleOf = (node: AnyNode): string | undefined => {
    if (node.type !== "Identifier") return undefined;
    const init = inits.get(node.name);
    return imports.modules.get(node.name) ?? (init && requiredBuiltin(init));
  };
  return {
    initOf: (name) => inits.get(name),
    metaOf(name) {
      const source = metas.get(name);
      return source === undefined ? undefined : { source, staged: stagedPlaceOf(source) };
    },
    builtinOf(callee) {
      const called = callee.type === "SequenceExpression" ? callee.expressions.at(-1) : callee;
      if (called?.type === "Identifier") return imports.members.get(called.name);
      const member = called && memberName(called);
      const module = called?.type === "MemberExpression" ? moduleOf(called.object) : undefined;
      return module === undefined || member === undefined ? undefined : `${module}.${member}`;
    },
  };
}

/** What names stand for that are given a value exactly once, in all sources together: a shadowed name is none of them. */
function collectInits(own: readonly Section[]): Map<string, AnyNode> {
  const inits = new Map<string, AnyNode | undefined>();
  const give = (name: string, init: AnyNode | undefined) => inits.set(name, inits.has(name) ? undefined : init);
  const spoil = (pattern: AnyNode) =>
    walk(pattern, (node) => void (node.type === "Identifier" && inits.set(node.name, undefined)));
  for (const statement of own.flatMap(({ statements }) => statements)) {
    walk(statement, (node) => {
      switch (node.type) {
        case "VariableDeclarator":
          if (node.id.type !== "Identifier") spoil(node.id);
          else if (node.init) give(node.id.name, node.init);
          return;
        case "AssignmentExpression":
          if (node.left.type !== "Identifier") return;
          return void give(node.left.name, node.operator === "=" ? node.right : undefined);
        case "UpdateExpression":
          return spoil(node.argument);
        case "CatchClause":
          return node.param ? spoil(node.param) : undefined;
        case "FunctionDeclaration":
        case "FunctionExpression":
        case "ArrowFunctionExpression":
          return node.params.forEach(spoil);
        default:
          return;
      }
    });
  }
  return new Map([...inits].flatMap(([name, init]) => (init === undefined ? [] : [[name, init] as const])));
}

/** The names that esbuild has given to the places of sources. */
function collectMetas(places: readonly Section[]): Map<string, string> {
  const metas = new Map<string, string>();
  for (const { file, statements } of places) {
    for (const statement of statements) {
      walk(statement, (node, parent) => {
        const isFinder =
          node.type === "CallExpression" && node.callee.type === "Identifier" && node.callee.name === placeFinder;
        if (!isFinder) return;
        if (parent?.type === "VariableDeclarator" && parent.id.type === "Identifier") metas.set(parent.id.name, file);
        if (parent?.type === "AssignmentExpression" && parent.left.type === "Identifier")
          metas.set(parent.left.name, file);
      });
    }
  }
  return metas;
}

function collectImports(sections: readonly Section[]) {
  const members = new Map<string, string>();
  const modules = new Map<string, string>();
  for (const statement of sections.flatMap(({ statements }) => statements)) {
    if (statement.type !== "ImportDeclaration") continue;
    const module = builtinName(statement.source.value);
    if (module === undefined) continue;
    for (const specifier of statement.specifiers) {
      const { local } = specifier;
      if (specifier.type !== "ImportSpecifier") modules.set(local.name, module);
      else if (specifier.imported.type === "Identifier") {
        if (specifier.imported.name === "default") modules.set(local.name, module);
        else members.set(local.name, `${module}.${specifier.imported.name}`);
      }
    }
  }
  return { members, modules };
}

function requiredBuiltin(init: AnyNode): string | undefined {
  if (init.type !== "CallExpression" || !isRequire(init.callee)) return undefined;
  const [argument] = init.arguments;
  return argument?.type === "Literal" ? builtinName(argument.value) : undefined;
}

function builtinName(specifier: unknown): string | undefined {
  return typeof specifier === "string" && isBuiltin(specifier) ? specifier.replace(/^node:/, "") : undefined;
}
