import type { AnyNode } from "acorn";
import { memberName, walk } from "../hot/syntax.ts";
import { findPackage } from "./layout.ts";
import type { Sections } from "./sections.ts";

export const readsFiles = "reads files beside its code";
const loadsByName = "loads code by computed names";
const startsWorkers = "starts workers of its own";

/**
 * Packages whose code, as far as it got into the bundle, wants to be a file of its own in a folder of its own.
 *
 * @returns why, by the packages' folders
 */
export function findCodeSigns({ packages, places }: Sections): Map<string, string> {
  const signs = new Map<string, string>();
  const add = (file: string, why: string | undefined) => {
    const folder = findPackage(file)?.folder;
    if (folder !== undefined && why !== undefined && !signs.has(folder)) signs.set(folder, why);
  };
  for (const { file } of places) add(file, readsFiles);
  for (const { file, statements } of packages) for (const statement of statements) add(file, readStatement(statement));
  return signs;
}

function readStatement(statement: AnyNode): string | undefined {
  let why: string | undefined;
  walk(statement, (node, parent) => {
    why ??= signOf(node, parent);
  });
  return why;
}

const signsOfImports = new Map([
  ["createRequire", readsFiles],
  ["Worker", startsWorkers],
]);

function signOf(node: AnyNode, parent: AnyNode | undefined): string | undefined {
  switch (node.type) {
    case "Identifier":
      return isRequire(node) ? signOfRequire(node, parent) : undefined;
    case "ImportSpecifier":
      // Under whatever name it is used.
      return node.imported.type === "Identifier" ? signsOfImports.get(node.imported.name) : undefined;
    case "ImportExpression":
      return isText(node.source) ? undefined : loadsByName;
    case "NewExpression":
      return nameOfCallee(node.callee) === "Worker" ? startsWorkers : undefined;
    case "CallExpression": {
      const name = nameOfCallee(node.callee);
      if (name === "createRequire") return readsFiles;
      return name === "dlopen" && isMemberOf(node.callee, "process") ? "native code" : undefined;
    }
    default:
      return undefined;
  }
}

/** esbuild renames whatever else has that name; its own helper stands for it in modules. */
export function isRequire(node: AnyNode): boolean {
  return node.type === "Identifier" && (node.name === "require" || node.name === "__require");
}

function signOfRequire(node: AnyNode, parent: AnyNode | undefined): string | undefined {
  switch (parent?.type) {
    case "UnaryExpression":
      return parent.operator === "typeof" ? undefined : loadsByName;
    case "CallExpression": {
      if (parent.callee !== node) return loadsByName;
      const [argument] = parent.arguments;
      return argument !== undefined && isText(argument) ? undefined : loadsByName;
    }
    case "MemberExpression":
      if (parent.property === node && !parent.computed) return undefined;
      return memberName(parent) === "resolve" ? readsFiles : loadsByName;
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition":
      return parent.key === node && !parent.computed && parent.value !== node ? undefined : loadsByName;
    case "LabeledStatement":
      return undefined;
    default:
      return loadsByName;
  }
}

function isText(node: AnyNode): boolean {
  if (node.type === "TemplateLiteral") return node.expressions.length === 0;
  return node.type === "Literal" && typeof node.value === "string";
}

/** The last part: `Worker` of `new threads.Worker()`, through what esbuild puts around an imported name. */
export function nameOfCallee(callee: AnyNode): string | undefined {
  switch (callee.type) {
    case "Identifier":
      // A number at the end is esbuild's, where two modules had the same name.
      return callee.name.replace(/\d+$/, "");
    case "MemberExpression":
      return memberName(callee);
    case "SequenceExpression": {
      const last = callee.expressions.at(-1);
      return last === undefined ? undefined : nameOfCallee(last);
    }
    default:
      return undefined;
  }
}

function isMemberOf(callee: AnyNode, object: string): boolean {
  return callee.type === "MemberExpression" && callee.object.type === "Identifier" && callee.object.name === object;
}
