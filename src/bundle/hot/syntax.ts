import type { AnyNode } from "acorn";

/** The words of a part of the code. */
export type TextOf = (node: AnyNode) => string;

/** Keeps what was found out about a part of the code, which never changes: what does is parsed anew. */
export function remembering<Rest extends unknown[], Found>(
  find: (node: AnyNode, ...rest: Rest) => Found,
): (node: AnyNode, ...rest: Rest) => Found {
  const known = new WeakMap<AnyNode, { readonly found: Found }>();
  return (node, ...rest) => {
    let kept = known.get(node);
    if (kept === undefined) known.set(node, (kept = { found: find(node, ...rest) }));
    return kept.found;
  };
}

/** Calls `visit` with a node and everything in it, each with the node around it, outermost first. */
export function walk(node: AnyNode, visit: (node: AnyNode, parent: AnyNode | undefined) => void): void {
  step(node, undefined);

  function step(current: AnyNode, parent: AnyNode | undefined): void {
    visit(current, parent);
    for (const value of Object.values(current)) {
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value as unknown]) {
        if (isNode(child)) step(child, current);
      }
    }
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** A function or a class: its value comes into being without any of the user's code being run. */
export function isFunction(node: AnyNode): boolean {
  return node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression";
}

/** A value that is written out: texts, numbers, and lists and objects of them. */
export function isWrittenOut(node: AnyNode): boolean {
  switch (node.type) {
    case "Literal":
      return node.regex === undefined;
    case "TemplateLiteral":
      return node.expressions.length === 0;
    case "UnaryExpression":
      return node.operator !== "delete" && isWrittenOut(node.argument);
    case "BinaryExpression":
      return [node.left, node.right].every((side) => side.type !== "PrivateIdentifier" && isPlainText(side));
    case "ArrayExpression":
      return node.elements.every((item) => item !== null && isWrittenOut(item));
    case "ObjectExpression":
      return node.properties.every(
        (property) =>
          property.type === "Property" &&
          property.kind === "init" &&
          nameOfKey(property) !== undefined &&
          nameOfKey(property) !== "__proto__" &&
          isWrittenOut(property.value),
      );
    default:
      return false;
  }
}

/** Lists and objects in an operation would run conversions. */
function isPlainText(node: AnyNode): boolean {
  return node.type !== "ArrayExpression" && node.type !== "ObjectExpression" && isWrittenOut(node);
}

/** The name that a key or a member access has in the source; `undefined` where it is computed while the code runs. */
export function nameOfKey(node: { key: AnyNode; computed: boolean }): string | undefined {
  const { key, computed } = node;
  if (key.type === "Identifier" && !computed) return key.name;
  return key.type === "Literal" ? String(key.value) : undefined;
}

export function memberName(node: AnyNode): string | undefined {
  return node.type === "MemberExpression"
    ? nameOfKey({ key: node.property as AnyNode, computed: node.computed })
    : undefined;
}
