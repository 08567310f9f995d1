import type { AnyNode } from "acorn";
import { dirname, isAbsolute, posix, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { memberName } from "../hot/syntax.ts";

/** Somewhere in the project, and where that comes to be when the code runs from the stage. */
export interface Place {
  /** A path; a URL object; a URL as text. */
  readonly kind: "path" | "url" | "href";
  /** Absolute path; with a slash at its end where the code has one. */
  readonly at: string;
  /** The same in the stage, below `/`. */
  readonly staged: string;
  /** Absolute path of the source whose place this comes from. */
  readonly source: string;
}

/** What an expression is known to be without running it. */
export type Value =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "meta"; readonly source: string; readonly staged: string }
  | { readonly kind: "require"; readonly base: Place }
  | Place;

export interface Names {
  /** What a name stands for that is given one value, once. */
  readonly initOf: (name: string) => AnyNode | undefined;
  /** The place that a name of esbuild's stands for. */
  readonly metaOf: (name: string) => { readonly source: string; readonly staged: string } | undefined;
  /** `path.join`, `url.fileURLToPath`: what a callee is of Node's own. */
  readonly builtinOf: (callee: AnyNode) => string | undefined;
}

export type Evaluate = (node: AnyNode) => Value | undefined;

export function createEvaluator(names: Names): Evaluate {
  const known = new Map<AnyNode, Value | undefined>();
  const evaluate: Evaluate = (node) => {
    if (known.has(node)) return known.get(node);
    // A name that stands for itself has no value.
    known.set(node, undefined);
    const value = valueOf(node, names, evaluate);
    known.set(node, value);
    return value;
  };
  return evaluate;
}

function valueOf(node: AnyNode, names: Names, evaluate: Evaluate): Value | undefined {
  switch (node.type) {
    case "Literal":
      return typeof node.value === "string" ? { kind: "text", text: node.value } : undefined;
    case "TemplateLiteral":
      return concat(readTemplate(node).map((part) => (typeof part === "string" ? text(part) : evaluate(part))));
    case "BinaryExpression":
      return node.operator === "+" ? concat([evaluate(node.left as AnyNode), evaluate(node.right)]) : undefined;
    case "Identifier": {
      const meta = names.metaOf(node.name);
      if (meta !== undefined) return { kind: "meta", ...meta };
      const init = names.initOf(node.name);
      return init && evaluate(init);
    }
    case "MemberExpression":
      return readMember(evaluate(node.object), memberName(node));
    case "NewExpression":
      return isUrlClass(node.callee) ? readUrl(node.arguments.map(evaluate)) : undefined;
    case "CallExpression": {
      const builtin = names.builtinOf(node.callee);
      const values = node.arguments.map(evaluate);
      return builtin === undefined ? readMethod(node.callee, values[0], evaluate) : readBuiltin(builtin, values);
    }
    default:
      return undefined;
  }
}

function readBuiltin(builtin: string, [first, ...rest]: readonly (Value | undefined)[]): Value | undefined {
  if (!isPlace(first)) return undefined;
  const isLost = rest.some((value) => value?.kind === "text" && isAbsolute(value.text));
  switch (builtin) {
    case "url.fileURLToPath":
      return first.kind === "path" ? undefined : { ...first, kind: "path" };
    case "url.pathToFileURL":
      return { ...first, kind: "url" };
    case "path.dirname":
      return first.kind === "path" ? folderOf(first) : undefined;
    case "path.resolve":
      return isLost ? undefined : join(first, rest);
    case "path.join":
    case "path.normalize":
      return join(first, rest);
    case "module.createRequire":
      return { kind: "require", base: first };
    default:
      return undefined;
  }
}

function readMethod(callee: AnyNode, first: Value | undefined, evaluate: Evaluate): Value | undefined {
  if (callee.type !== "MemberExpression") return undefined;
  const object = evaluate(callee.object);
  const name = memberName(callee);
  if (object?.kind === "url" && name === "toString") return { ...object, kind: "href" };
  if (object?.kind !== "meta" || name !== "resolve" || first?.kind !== "text") return undefined;
  const base = readMember(object, "url");
  return isPlace(base) && isRelative(first.text) ? follow(base, first.text, "href") : undefined;
}

export function isUrlClass(callee: AnyNode): boolean {
  return callee.type === "Identifier" && callee.name === "URL";
}

function text(value: string): Value {
  return { kind: "text", text: value };
}

/** The parts of a template, in order. */
function readTemplate(node: AnyNode & { type: "TemplateLiteral" }): (string | AnyNode)[] {
  return node.quasis.flatMap(({ value }, index) => {
    const expression = node.expressions[index];
    return [value.cooked ?? value.raw, ...(expression === undefined ? [] : [expression])];
  });
}

function concat(values: readonly (Value | undefined)[]): Value | undefined {
  const [first, ...rest] = values.filter((value) => value?.kind !== "text" || value.text !== "");
  if (first === undefined)
    return values.length > 0 && values.every((value) => value !== undefined) ? text("") : undefined;
  const texts = rest.map((value) => (value?.kind === "text" ? value.text : undefined));
  if (texts.includes(undefined)) return undefined;
  const end = texts.join("");
  if (first.kind === "text") return text(first.text + end);
  if (end === "") return first;
  if (first.kind !== "path" || !/^[\\/]/.test(end)) return undefined;
  return join(first, [text(end)]);
}

function readMember(object: Value | undefined, name: string | undefined): Value | undefined {
  if (object?.kind === "meta") {
    const file: Place = { kind: "path", at: object.source, staged: object.staged, source: object.source };
    if (name === "url") return { ...file, kind: "href" };
    if (name === "filename") return file;
    return name === "dirname" ? folderOf(file) : undefined;
  }
  if (object?.kind !== "url") return undefined;
  if (name === "href") return { ...object, kind: "href" };
  return name === "pathname" ? { ...object, kind: "path" } : undefined;
}

function readUrl([path, base]: readonly (Value | undefined)[]): Value | undefined {
  if (base === undefined && isPlace(path)) return path.kind === "href" ? { ...path, kind: "url" } : undefined;
  if (path?.kind !== "text" || !isPlace(base) || base.kind === "path" || !isRelativeUrl(path.text)) return undefined;
  return follow(base, path.text, "url");
}

/** A relative URL, from a file's place. */
export function follow(base: Place, relative: string, kind: Place["kind"]): Place {
  const at = new URL(relative, pathToFileURL(base.at));
  const staged = new URL(relative, pathToFileURL(base.staged)).pathname;
  return { kind, at: fileURLToPath(at), staged: decodeURIComponent(staged), source: base.source };
}

export function join(base: Place, parts: readonly (Value | undefined)[]): Place | undefined {
  const texts = parts.map((part) => (part?.kind === "text" ? part.text : undefined));
  if (texts.includes(undefined) || base.kind !== "path") return undefined;
  const path = texts.join("/");
  const end = endsInSlash(path) ? "/" : "";
  const at = resolve(base.at, `.${sep}${path}`) + end;
  return { ...base, at, staged: posix.join(base.staged, path.replaceAll("\\", "/")) };
}

function folderOf(place: Place): Place {
  return { ...place, at: dirname(place.at), staged: posix.dirname(place.staged) };
}

export function isPlace(value: Value | undefined): value is Place {
  return value?.kind === "path" || value?.kind === "url" || value?.kind === "href";
}

export function isRelative(specifier: string): boolean {
  return /^\.{1,2}(?:\/|$)/.test(specifier);
}

function isRelativeUrl(path: string): boolean {
  return !/^(?:[a-z][a-z0-9+.-]*:|\/|\?|#)/i.test(path) && !isAbsolute(path);
}

function endsInSlash(path: string): boolean {
  return /[\\/]$/.test(path);
}
