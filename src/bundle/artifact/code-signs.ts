import type { AnyNode } from "acorn";
import { memberName, nameOfKey, walk } from "../hot/syntax.ts";
import { findPackage } from "./layout.ts";
import type { Sections } from "./sections.ts";
import type { Names } from "./values.ts";

export const readsFiles = "reads files beside its code";
const loadsByName = "loads code by computed names";
const startsWorkers = "starts workers of its own";

/**
 * Packages whose code, as far as it got into the bundle, wants to be a file of its own in a folder of its own.
 *
 * @returns why, by the packages' folders
 */
export function findCodeSigns({ packages, places }: Sections, names: Names): Map<string, string> {
  const signs = new Map<string, string>();
  const add = (file: string, why: string | undefined) => {
    const { name, folder } = findPackage(file) ?? {};
    if (folder === undefined || name === "truss-ts" || why === undefined || signs.has(folder)) return;
    signs.set(folder, why);
  };
  for (const { file } of places) add(file, readsFiles);
  for (const { file, statements } of packages)
    for (const statement of statements) add(file, readStatement(statement, names));
  return signs;
}

function readStatement(statement: AnyNode, names: Names): string | undefined {
  let why: string | undefined;
  walk(statement, (node, parent) => {
    why ??= signOf(node, parent, names);
  });
  return why;
}

function signOf(node: AnyNode, parent: AnyNode | undefined, names: Names): string | undefined {
  switch (node.type) {
    case "Identifier":
      return isRequire(node) ? signOfRequire(node, parent) : undefined;
    case "ImportExpression":
      return isText(node.source) ? undefined : loadsByName;
    case "NewExpression":
      return calleeOf(node.callee, names) === "Worker" && !isEvaluated(node.arguments[1]) ? startsWorkers : undefined;
    case "CallExpression": {
      const name = calleeOf(node.callee, names);
      // From the root only Node's own modules are found.
      if (name === "createRequire") return isRoot(node.arguments[0]) ? undefined : readsFiles;
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

/** By its own name, under whatever name it is imported. */
function calleeOf(callee: AnyNode, names: Names): string | undefined {
  return names.builtinOf(callee)?.split(".")[1] ?? nameOfCallee(callee);
}

/** The worker's code is in the text itself. */
function isEvaluated(options: AnyNode | undefined): boolean {
  return (
    options?.type === "ObjectExpression" &&
    options.properties.some(
      (item) =>
        item.type === "Property" &&
        nameOfKey(item) === "eval" &&
        item.value.type === "Literal" &&
        item.value.value === true,
    )
  );
}

function isRoot(argument: AnyNode | undefined): boolean {
  return argument?.type === "Literal" && argument.value === "/";
}

/** The last part: `Worker` of `new threads.Worker()`, through what esbuild puts around an imported name. */
function nameOfCallee(callee: AnyNode): string | undefined {
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
