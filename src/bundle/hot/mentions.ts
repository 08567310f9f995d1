import type { AnyNode } from "acorn";
import { memberName, walk } from "./syntax.ts";

/** What a stretch of code can reach by name. Names count wherever they stand: too many do no harm, one too few would. */
export interface Mentions {
  /** Identifiers. */
  readonly names: ReadonlySet<string>;
  /** Those of them that stand by themselves, and not only before a dot. */
  readonly bare: ReadonlySet<string>;
  /** What stands after a dot, and what objects are taken apart into. */
  readonly members: ReadonlySet<string>;
  /** Whether `this` is given away as a whole, so that anything of it may be used. */
  readonly givesThisAway: boolean;
}

const cache = new WeakMap<AnyNode, Mentions>();

export function mentionsOf(node: AnyNode): Mentions {
  const known = cache.get(node);
  if (known !== undefined) return known;
  const [names, bare, members] = [new Set<string>(), new Set<string>(), new Set<string>()];
  let givesThisAway = false;
  walk(node, (current, parent) => {
    const member = memberName(current);
    if (member !== undefined) members.add(member);
    if (current.type === "Property" && current.key.type === "Identifier") members.add(current.key.name);
    if (current.type === "ThisExpression" && !keepsThis(current, parent)) givesThisAway = true;
    if (current.type !== "Identifier" || isLabel(current, parent)) return;
    names.add(current.name);
    if (!standsBeforeDot(current, parent)) bare.add(current.name);
  });
  const found = { names, bare, members, givesThisAway };
  cache.set(node, found);
  return found;
}

/** A name that is no reference: after a dot, or before a colon. */
function isLabel(node: AnyNode, parent: AnyNode | undefined): boolean {
  if (parent === undefined) return false;
  if (parent.type === "MemberExpression") return parent.property === node && !parent.computed;
  if (parent.type === "MethodDefinition" || parent.type === "PropertyDefinition") {
    return parent.key === node && !parent.computed;
  }
  return parent.type === "Property" && parent.key === node && !parent.computed && !parent.shorthand;
}

function standsBeforeDot(node: AnyNode, parent: AnyNode | undefined): boolean {
  return parent?.type === "MemberExpression" && parent.object === node && memberName(parent) !== undefined;
}

/** What esbuild writes for private members and fields takes `this` first, and keeps it to itself. */
const ownHelper = /^__(?:private[A-Z]\w*|publicField)$/;

function keepsThis(node: AnyNode, parent: AnyNode | undefined): boolean {
  if (parent === undefined) return false;
  if (standsBeforeDot(node, parent)) return true;
  if (parent.type !== "CallExpression" || parent.arguments[0] !== node) return false;
  if (parent.callee.type === "Identifier") return ownHelper.test(parent.callee.name);
  // `__privateMethod(this, set, method).call(this)`: the method is named, so that its own code is looked at.
  const { callee } = parent;
  if (callee.type !== "MemberExpression" || memberName(callee) !== "call") return false;
  const { object } = callee;
  return object.type === "CallExpression" && object.callee.type === "Identifier" && ownHelper.test(object.callee.name);
}

/**
 * Values that code computes once and keeps (`this.x ??= make()`, `if (!x) x = make()`): what they were made by has had
 * its effect, just as `load()` has.
 */
export function keptValues(node: AnyNode, textOf: (node: AnyNode) => string): AnyNode[] {
  const found: AnyNode[] = [];
  walk(node, (current) => {
    if (current.type === "AssignmentExpression" && isKept(current, textOf) && makes(current.right)) {
      found.push(current.right);
    }
    if (current.type !== "IfStatement") return;
    const test = textOf(current.test);
    walk(current.consequent, (inner) => {
      if (inner.type !== "AssignmentExpression" || inner.operator !== "=" || !makes(inner.right)) return;
      if (test.includes(textOf(inner.left))) found.push(inner.right);
    });
  });
  return found;
}

function isKept(node: AnyNode & { type: "AssignmentExpression" }, textOf: (node: AnyNode) => string): boolean {
  if (["??=", "||=", "&&="].includes(node.operator)) return true;
  return (
    node.operator === "=" && node.right.type === "LogicalExpression" && textOf(node.right.left) === textOf(node.left)
  );
}

/** Whether code of the user's is run, or kept, by this value. */
function makes(node: AnyNode): boolean {
  let found = false;
  walk(node, (inner, parent) => {
    if (inner.type === "Identifier" ? !isLabel(inner, parent) : making.has(inner.type)) found = true;
  });
  return found;
}

const making: ReadonlySet<string> = new Set<AnyNode["type"]>([
  "CallExpression",
  "NewExpression",
  "TaggedTemplateExpression",
  "ImportExpression",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "ClassExpression",
]);
