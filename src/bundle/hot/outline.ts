import { type AnyNode, type Class, type Program, type VariableDeclaration, parse } from "acorn";
import { keptValues } from "./kept.ts";
import { isFunction, isWrittenOut, nameOfKey, walk } from "./syntax.ts";

/** A binding of the bundle whose value can be replaced while the rest stays: a function, a class, a written-out value. */
export interface Piece {
  readonly name: string;
  readonly kind: "function" | "value" | "class";
  /** What stands for the value in the source, such that `name = text` gives it. */
  readonly start: number;
  readonly end: number;
  readonly node: AnyNode;
  readonly text: string;
}

/** A part of the Model class. */
export interface Member {
  /** Such as `predict`, `get model`, `static create`. */
  readonly key: string;
  readonly name: string;
  readonly node: AnyNode;
  readonly text: string;
  /** Runs, or has run, before the model is ready. */
  readonly runsAtStart: boolean;
  /** Has its value already: must not be evaluated a second time. */
  readonly isStaticValue: boolean;
}

export interface ModelPart {
  readonly piece: Piece;
  readonly members: readonly Member[];
  /** What else the class is called: `var Model = _Model`. */
  readonly aliases: readonly string[];
}

/** A bundle, taken apart into what could be replaced and what runs when it is imported. */
export interface Outline {
  readonly code: string;
  readonly pieces: ReadonlyMap<string, Piece>;
  /** In the order in which they run. */
  readonly statements: readonly AnyNode[];
  readonly model: ModelPart;
  /** Code whose outcome is kept while requests are served. */
  readonly kept: readonly AnyNode[];
  /** Names that code gives a value, beside their definition. */
  readonly assigned: ReadonlySet<string>;
  readonly textOf: (node: AnyNode) => string;
}

export type Outlined = { readonly ok: true; readonly outline: Outline } | { readonly ok: false; readonly why: string };

/** Methods that run before the model is ready. */
const startMethods: ReadonlySet<string> = new Set(["constructor", "load", "setup_environment"]);

/**
 * @param evaluator the export by which code gets into the bundle's scope, which is no part of it
 * @returns why not, in words that follow "because", where the class is of a kind that cannot be replaced
 */
export function outlineBundle(code: string, className: string, evaluator: string): Outlined {
  const program = parse(code, { ecmaVersion: "latest", sourceType: "module" });
  const textOf = ({ start, end }: AnyNode) => code.slice(start, end);
  const pieces = new Map<string, Piece>();
  const statements: AnyNode[] = [];
  const exported = new Map<string, string>();
  const aliases = new Map<string, string>();
  for (const node of program.body) {
    if (node.type === "ExportNamedDeclaration") {
      readExports(node, exported);
      continue;
    }
    const piece = toPiece(node, textOf);
    if (piece !== undefined && !pieces.has(piece.name)) pieces.set(piece.name, piece);
    else statements.push(node);
    const alias = readAlias(node);
    if (alias !== undefined) aliases.set(alias[0], alias[1]);
  }
  exported.delete(evaluator);

  const piece = pieces.get(followAliases(exported.get(className) ?? exported.get("default"), aliases));
  if (piece?.kind !== "class") return no("the exported Model is not a class of its own");
  const names = [...aliases.keys()].filter((name) => followAliases(name, aliases) === piece.name);
  const others = statements.filter((node) => !names.includes(readAlias(node)?.[0] ?? ""));
  const doubt = findDoubt(program, piece, pieces) ?? findUse(others, [piece.name, ...names]);
  if (doubt !== undefined) return no(doubt);
  const members = readMembers(piece.node as Class, textOf);
  if (members === undefined) return no("a member of the class has a name that is computed");
  const model = { piece, members, aliases: names };
  const kept = [...pieces.values()].flatMap(({ node }) => keptValues(node, textOf));
  const assigned = findAssigned([...pieces.values()].map(({ node }) => node).concat(others));
  return { ok: true, outline: { code, pieces, statements: others, model, kept, assigned, textOf } };
}

function no(why: string): Outlined {
  return { ok: false, why };
}

function readExports(node: AnyNode & { type: "ExportNamedDeclaration" }, exported: Map<string, string>): void {
  for (const { exported: outer, local } of node.specifiers) {
    if (outer.type === "Identifier" && local.type === "Identifier") exported.set(outer.name, local.name);
  }
}

function readAlias(node: AnyNode): [name: string, target: string] | undefined {
  const { id, init } = onlyVariable(node) ?? {};
  return id?.type === "Identifier" && init?.type === "Identifier" ? [id.name, init.name] : undefined;
}

/** From a name to the one that it only stands for. */
function followAliases(name: string | undefined, aliases: ReadonlyMap<string, string>): string {
  let at = name ?? "";
  for (const seen = new Set<string>(); !seen.has(at); at = aliases.get(at) ?? at) seen.add(at);
  return at;
}

function onlyVariable(node: AnyNode): VariableDeclaration["declarations"][number] | undefined {
  if (node.type !== "VariableDeclaration" || node.kind === "const" || node.declarations.length !== 1) return undefined;
  return node.declarations[0];
}

function toPiece(node: AnyNode, textOf: (node: AnyNode) => string): Piece | undefined {
  const create = (name: string, kind: Piece["kind"], value: AnyNode): Piece => {
    const { start, end } = value;
    return { name, kind, start, end, node: value, text: textOf(value) };
  };
  if (node.type === "FunctionDeclaration") {
    const name = node.id?.name ?? "";
    // A function that replaces itself would, as an expression, meet its own name as a constant.
    return findAssigned([node]).has(name) ? undefined : create(name, "function", node);
  }
  if (node.type === "ExpressionStatement" && node.expression.type === "AssignmentExpression") {
    const { left, right, operator } = node.expression;
    if (operator !== "=" || left.type !== "Identifier" || !isFunction(right)) return undefined;
    return create(left.name, "function", right);
  }
  const { id, init } = onlyVariable(node) ?? {};
  if (id?.type !== "Identifier" || !init) return undefined;
  if (isFunction(init)) return create(id.name, "function", init);
  if (isWrittenOut(init)) return create(id.name, "value", init);
  return init.type === "ClassExpression" ? create(id.name, "class", init) : undefined;
}

function findAssigned(nodes: readonly AnyNode[]): Set<string> {
  const names = new Set<string>();
  const add = (target: AnyNode) => {
    walk(target, (node) => {
      if (node.type === "Identifier") names.add(node.name);
    });
  };
  for (const node of nodes) {
    walk(node, (inner) => {
      if (inner.type === "AssignmentExpression") add(inner.left);
      if (inner.type === "UpdateExpression") add(inner.argument);
      if (inner.type === "ForInStatement" || inner.type === "ForOfStatement") add(inner.left);
    });
  }
  return names;
}

/** Why the class must not be replaced, whatever has changed. */
function findDoubt(program: Program, piece: Piece, pieces: ReadonlyMap<string, Piece>): string | undefined {
  let doubt: string | undefined;
  walk(piece.node, ({ type }) => {
    if (type === "StaticBlock") doubt = "the class has a static block";
    if (type === "PrivateIdentifier") doubt = "the class has private members that cannot be kept";
  });
  const end = lastCode(program);
  walk(program, (node) => {
    if (node.type === "Identifier" && node.name === "eval" && node.start < end) doubt = "eval is used";
  });
  for (let { superClass } = piece.node as Class; superClass;) {
    const base: Piece | undefined = superClass.type === "Identifier" ? pieces.get(superClass.name) : undefined;
    if (base?.node.type !== "ClassExpression" || base === piece)
      return "the class extends one that is not the project's own";
    ({ superClass } = base.node);
  }
  return doubt;
}

/** Decorators and their like: the new class would lack what was done with the old one. */
function findUse(statements: readonly AnyNode[], names: readonly string[]): string | undefined {
  let doubt: string | undefined;
  for (const statement of statements) {
    if (staticValue(statement, names) !== undefined) continue;
    walk(statement, (node) => {
      if (node.type !== "Identifier" || !names.includes(node.name)) return;
      doubt = "something is done with the class after its definition, as decorators do";
    });
  }
  return doubt;
}

/** The value in esbuild's way to set a static field from outside the class. */
export function staticValue(node: AnyNode, names: readonly string[]): AnyNode | undefined {
  if (node.type !== "ExpressionStatement" || node.expression.type !== "CallExpression") return undefined;
  const { callee, arguments: given } = node.expression;
  const [owner, , value] = given;
  const isOurs = callee.type === "Identifier" && callee.name === "__publicField" && owner?.type === "Identifier";
  return isOurs && names.includes(owner.name) ? value : undefined;
}

/** Where the user's code ends: after it come the exports, the way in among them. */
function lastCode(program: Program): number {
  return program.body.findLast(({ type }) => type !== "ExportNamedDeclaration")?.end ?? 0;
}

function readMembers({ body, superClass }: Class, textOf: (node: AnyNode) => string): Member[] | undefined {
  const members: Member[] = [];
  for (const node of body.body) {
    if (node.type === "StaticBlock") return undefined;
    const name = nameOfKey(node);
    if (name === undefined) return undefined;
    const isField = node.type === "PropertyDefinition";
    const kind = isField ? "field " : node.kind === "get" || node.kind === "set" ? `${node.kind} ` : "";
    members.push({
      key: `${node.static ? "static " : ""}${kind}${name}`,
      name,
      node,
      text: textOf(node),
      runsAtStart: isField || (!node.static && startMethods.has(name)),
      isStaticValue: isField && node.static,
    });
  }
  if (!superClass) return members;
  const extended = { key: "extends", name: "", node: superClass, text: textOf(superClass) };
  return [...members, { ...extended, runsAtStart: true, isStaticValue: false }];
}
