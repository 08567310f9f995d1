import type { AnyNode, Class } from "acorn";
import { type KeptValue, keptValues } from "./kept.ts";
import { type Binding, assignedIn, bindingOf, identifiersIn, onlyVariable } from "./bindings.ts";
import { type Parsed, type Placed, parseStatements } from "./statements.ts";
import { type TextOf, nameOfKey, walk } from "./syntax.ts";

/** A binding at its place in the bundle. */
export interface Piece extends Binding {
  readonly start: number;
  readonly end: number;
}

/** What runs when the bundle is imported. */
export interface StartStatement {
  readonly node: AnyNode;
  readonly text: string;
  readonly start: number;
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
  readonly statements: readonly StartStatement[];
  readonly model: ModelPart;
  /** Code whose outcome is kept while requests are served. */
  readonly kept: readonly KeptValue[];
  /** Names that code gives a value, beside their definition. */
  readonly assigned: ReadonlySet<string>;
}

export type Outlined = { readonly parsed: Parsed } & (
  | { readonly ok: true; readonly outline: Outline }
  | { readonly ok: false; readonly why: string }
);

/** Methods that run before the model is ready. */
const startMethods: ReadonlySet<string> = new Set(["constructor", "load", "setup_environment"]);

/**
 * @param evaluator the export by which code gets into the bundle's scope, which is no part of it
 * @param known an earlier bundle; of what has not changed since, nothing is found out again
 * @returns why not, in words that follow "because", where the class is of a kind that cannot be replaced
 */
export function outlineBundle(code: string, className: string, evaluator: string, known?: Parsed): Outlined {
  const parsed = parseStatements(code, known);
  const pieces = new Map<string, Piece>();
  const statements: StartStatement[] = [];
  const exported = new Map<string, string>();
  const aliases = new Map<string, string>();
  for (const { statement, shift } of parsed.body) {
    const { node, textOf } = statement;
    if (node.type === "ExportNamedDeclaration") {
      readExports(node, exported);
      continue;
    }
    const binding = bindingOf(node, textOf);
    if (binding !== undefined && !pieces.has(binding.name)) pieces.set(binding.name, place(binding, shift));
    else statements.push({ node, text: textOf(node), start: node.start + shift });
    const alias = readAlias(node);
    if (alias !== undefined) aliases.set(alias[0], alias[1]);
  }
  exported.delete(evaluator);

  const piece = pieces.get(followAliases(exported.get(className) ?? exported.get("default"), aliases));
  if (piece?.kind !== "class") return no("the exported Model is not a class of its own", parsed);
  const names = [...aliases.keys()].filter((name) => followAliases(name, aliases) === piece.name);
  const others = statements.filter(({ node }) => !names.includes(readAlias(node)?.[0] ?? ""));
  const doubt = findDoubt(parsed.body, piece, pieces) ?? findUse(others, [piece.name, ...names]);
  if (doubt !== undefined) return no(doubt, parsed);
  const members = readMembers(piece.node as Class, piece.textOf);
  if (members === undefined) return no("a member of the class has a name that is computed", parsed);
  const model = { piece, members, aliases: names };
  const all = [...pieces.values()];
  const kept = all.flatMap(({ node, textOf }) => keptValues(node, textOf));
  const assigned = new Set([...all, ...others].flatMap(({ node }) => [...assignedIn(node)]));
  return { ok: true, parsed, outline: { code, pieces, statements: others, model, kept, assigned } };
}

function place(binding: Binding, shift: number): Piece {
  const { start, end } = binding.node;
  return { ...binding, start: start + shift, end: end + shift };
}

function no(why: string, parsed: Parsed): Outlined {
  return { ok: false, why, parsed };
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

/** Why the class must not be replaced, whatever has changed. */
function findDoubt(body: readonly Placed[], piece: Piece, pieces: ReadonlyMap<string, Piece>): string | undefined {
  let doubt: string | undefined;
  walk(piece.node, ({ type }) => {
    if (type === "StaticBlock") doubt = "the class has a static block";
    if (type === "PrivateIdentifier") doubt = "the class has private members that cannot be kept";
  });
  if (usersCode(body).some(({ statement: { node } }) => identifiersIn(node).has("eval"))) doubt = "eval is used";
  for (let { superClass } = piece.node as Class; superClass;) {
    const base: Piece | undefined = superClass.type === "Identifier" ? pieces.get(superClass.name) : undefined;
    if (base?.node.type !== "ClassExpression" || base === piece)
      return "the class extends one that is not the project's own";
    ({ superClass } = base.node);
  }
  return doubt;
}

/** Decorators and their like: the new class would lack what was done with the old one. */
function findUse(statements: readonly StartStatement[], names: readonly string[]): string | undefined {
  const uses = ({ node }: StartStatement) => names.some((name) => identifiersIn(node).has(name));
  const found = statements.some((each) => staticValue(each.node, names) === undefined && uses(each));
  return found ? "something is done with the class after its definition, as decorators do" : undefined;
}

/** The value in esbuild's way to set a static field from outside the class. */
export function staticValue(node: AnyNode, names: readonly string[]): AnyNode | undefined {
  if (node.type !== "ExpressionStatement" || node.expression.type !== "CallExpression") return undefined;
  const { callee, arguments: given } = node.expression;
  const [owner, , value] = given;
  const isOurs = callee.type === "Identifier" && callee.name === "__publicField" && owner?.type === "Identifier";
  return isOurs && names.includes(owner.name) ? value : undefined;
}

/** All but what is at the end: the exports, the way in among them. */
function usersCode(body: readonly Placed[]): readonly Placed[] {
  return body.slice(0, body.findLastIndex(({ statement }) => statement.node.type !== "ExportNamedDeclaration") + 1);
}

function readMembers({ body, superClass }: Class, textOf: TextOf): Member[] | undefined {
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
