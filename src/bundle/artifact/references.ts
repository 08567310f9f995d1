import type { AnyNode, CallExpression, NewExpression } from "acorn";
import { memberName, walk } from "../hot/syntax.ts";
import { packageName } from "../package-name.ts";
import { isRequire } from "./code-signs.ts";
import type { Section } from "./sections.ts";
import {
  type Evaluate,
  type Names,
  type Place,
  createEvaluator,
  follow,
  isPlace,
  isRelative,
  isUrlClass,
  join,
} from "./values.ts";

/** Part of the built code, as offsets. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What own sources say of files and packages by their places. */
export interface References {
  /** A place that is used as it is. `shorthand`: as `{ name }`, which is the text given. */
  readonly uses: { readonly span: Span; readonly place: Place; readonly shorthand?: string }[];
  /** A folder in which something is looked for whose name is worked out; `base` leads there by `path`. */
  readonly searches: { readonly base: Span; readonly from: Place; readonly path: string; readonly place: Place }[];
  /** Code that is started by its place. */
  readonly starts: { readonly span: Span; readonly place: Place; readonly by: "Worker" | "fork" }[];
  /** A file that is required by a relative name. */
  readonly requires: { readonly span: Span; readonly place: Place; readonly from: Place }[];
  /** Packages that are looked up by their names, with the source. */
  readonly lookups: { readonly name: string; readonly specifier: string; readonly source: string }[];
}

export function findReferences(own: readonly Section[], names: Names): References {
  const found: References = { uses: [], searches: [], starts: [], requires: [], lookups: [] };
  const evaluate = createEvaluator(names);
  const settled = new Set<AnyNode>();
  for (const section of own) {
    for (const statement of section.statements) {
      walk(statement, (node, parent) => {
        if (node.type === "CallExpression" || node.type === "NewExpression") readCall(node, section);
        const value = settled.has(node) || !isReference(node, parent) ? undefined : evaluate(node);
        if (!isPlace(value) || (parent !== undefined && carriesOn(node, parent))) return;
        settled.add(node);
        const shorthand = parent?.type === "Property" && parent.shorthand && node.type === "Identifier";
        found.uses.push({ span: spanOf(node, section), place: value, ...(shorthand ? { shorthand: node.name } : {}) });
      });
    }
  }
  return found;

  /** Whether what is around a place goes on with it, and is looked at itself. */
  function carriesOn(node: AnyNode, parent: AnyNode): boolean {
    if (evaluate(parent) !== undefined) return true;
    const target =
      parent.type === "VariableDeclarator"
        ? parent.id
        : parent.type === "AssignmentExpression"
          ? parent.left
          : undefined;
    return target?.type === "Identifier" && names.initOf(target.name) === node;
  }

  function readCall(node: CallExpression | NewExpression, section: Section): void {
    const [first] = node.arguments;
    const builtin = names.builtinOf(node.callee);
    const value = first && evaluate(first);
    const by = builtin === "worker_threads.Worker" ? "Worker" : builtin === "child_process.fork" ? "fork" : undefined;
    if (first !== undefined && by !== undefined && isPlace(value)) {
      settled.add(first);
      found.starts.push({ span: spanOf(first, section), place: value, by });
    } else if (value?.kind === "text" && first !== undefined) {
      readLookup(found, evaluate, { callee: node.callee, argument: first, specifier: value.text, section });
    }
    const search = evaluate(node) === undefined ? findSearch(node, builtin, evaluate) : undefined;
    if (search === undefined) return;
    settled.add(search.base);
    found.searches.push({ ...search, base: spanOf(search.base, section) });
  }
}

function spanOf({ start, end }: AnyNode, section: Section): Span {
  return { start: section.start + start, end: section.start + end };
}

interface Lookup {
  readonly callee: AnyNode;
  readonly argument: AnyNode;
  readonly specifier: string;
  readonly section: Section;
}

function readLookup(found: References, evaluate: Evaluate, { callee, argument, specifier, section }: Lookup): void {
  const object = callee.type === "MemberExpression" && memberName(callee) === "resolve" ? callee.object : callee;
  const value = evaluate(object);
  const isResolved = object !== callee && (value?.kind === "meta" || isRequire(object));
  if (!isResolved && value?.kind !== "require") return;
  if (isRelative(specifier)) {
    if (value?.kind !== "require") return;
    const place = follow({ ...value.base, kind: "url" }, encodeURI(specifier), "path");
    found.requires.push({ span: spanOf(argument, section), place, from: value.base });
  } else if (!/^(?:[/#]|[a-z]+:)/i.test(specifier)) {
    found.lookups.push({ name: packageName(specifier), specifier, source: section.file });
  }
}

function findSearch(node: CallExpression | NewExpression, builtin: string | undefined, evaluate: Evaluate) {
  const isUrl = node.type === "NewExpression" && isUrlClass(node.callee);
  if (!isUrl && builtin !== "path.join" && builtin !== "path.resolve") return undefined;
  const [base, ...parts] = isUrl ? node.arguments.toReversed() : node.arguments;
  const from = base && evaluate(base);
  const path = leadingPath(parts, evaluate);
  if (base === undefined || !isPlace(from) || path === undefined || (from.kind === "path") === isUrl) return undefined;
  const place = isUrl ? follow(from, path, "url") : join(from, [{ kind: "text", text: path }]);
  return place && { base, from, path, place };
}

/** The folders that come before what is worked out; with a slash at the end. */
function leadingPath(parts: readonly AnyNode[], evaluate: Evaluate): string | undefined {
  let path = "./";
  for (const part of parts) {
    const value = evaluate(part);
    if (value !== undefined && value.kind !== "text") return undefined;
    if (value === undefined) return path + headOf(part).replace(/[^/]*$/, "");
    path += `${value.text}/`;
  }
  return undefined;
}

/** The text that an expression begins with. */
function headOf(node: AnyNode): string {
  if (node.type === "TemplateLiteral") return node.quasis[0]?.value.cooked ?? "";
  if (node.type === "BinaryExpression" && node.operator === "+") return headOf(node.left as AnyNode);
  return node.type === "Literal" && typeof node.value === "string" ? node.value : "";
}

/** A name is meant for its value here, and not a key or something that is being named. */
function isReference(node: AnyNode, parent: AnyNode | undefined): boolean {
  if (node.type !== "Identifier" || parent === undefined) return true;
  switch (parent.type) {
    case "VariableDeclarator":
      return parent.init === node;
    case "AssignmentExpression":
      return parent.right === node;
    case "MemberExpression":
      return parent.object === node || parent.computed;
    case "Property":
      return parent.shorthand ? parent.value === node : parent.value === node || parent.computed;
    case "MethodDefinition":
    case "PropertyDefinition":
      return parent.value === node || parent.computed;
    default:
      return true;
  }
}
