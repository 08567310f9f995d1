import type { AnyNode } from "acorn";
import { memberName, remembering, walk } from "./syntax.ts";

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

export const mentionsOf = remembering((node): Mentions => {
  const [names, bare, members] = [new Set<string>(), new Set<string>(), new Set<string>()];
  let givesThisAway = false;
  walk(node, (current, parent) => {
    const member = memberName(current);
    if (member !== undefined) members.add(member);
    if (current.type === "Property" && current.key.type === "Identifier") members.add(current.key.name);
    if (current.type === "ThisExpression" && !keepsThis(current, parent)) givesThisAway = true;
    if (isOwnClass(current) && !(parent !== undefined && memberName(parent) === "name")) givesThisAway = true;
    if (current.type !== "Identifier" || isLabel(current, parent)) return;
    names.add(current.name);
    if (!standsBeforeDot(current, parent)) bare.add(current.name);
  });
  return { names, bare, members, givesThisAway };
});

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
  if (parent?.type !== "MemberExpression" || parent.object !== node) return false;
  const name = memberName(parent);
  return name !== undefined && name !== "prototype";
}

/** The class as an instance can reach it, and with it all of its members: `this.constructor`, `new.target`. */
function isOwnClass(node: AnyNode): boolean {
  if (node.type === "MetaProperty") return node.meta.name === "new";
  if (node.type !== "MemberExpression" || node.object.type !== "ThisExpression") return false;
  return ["constructor", "__proto__"].includes(memberName(node) ?? "");
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
