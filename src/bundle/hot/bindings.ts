import type { AnyNode, VariableDeclaration } from "acorn";
import { type TextOf, isFunction, isWrittenOut, remembering, walk } from "./syntax.ts";

/** A binding of the bundle whose value can be replaced while the rest stays: a function, a class, a written-out value. */
export interface Binding {
  readonly name: string;
  readonly kind: "function" | "value" | "class";
  /** What stands for the value in the source, such that `name = text` gives it. */
  readonly node: AnyNode;
  readonly text: string;
  readonly textOf: TextOf;
}

/** The binding that a statement makes, if it makes one that can be replaced. */
export const bindingOf = remembering((node, textOf: TextOf): Binding | undefined => {
  const create = (name: string, kind: Binding["kind"], value: AnyNode): Binding => {
    return { name, kind, node: value, text: textOf(value), textOf };
  };
  if (node.type === "FunctionDeclaration") {
    const name = node.id?.name ?? "";
    // A function that replaces itself would, as an expression, meet its own name as a constant.
    return assignedIn(node).has(name) ? undefined : create(name, "function", node);
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
});

export function onlyVariable(node: AnyNode): VariableDeclaration["declarations"][number] | undefined {
  if (node.type !== "VariableDeclaration" || node.kind === "const" || node.declarations.length !== 1) return undefined;
  return node.declarations[0];
}

/** Names that are given a value, beside their definition. */
export const assignedIn = remembering((node): ReadonlySet<string> => {
  const names = new Set<string>();
  const add = (target: AnyNode) => {
    for (const name of identifiersIn(target)) names.add(name);
  };
  walk(node, (inner) => {
    if (inner.type === "AssignmentExpression") add(inner.left);
    if (inner.type === "UpdateExpression") add(inner.argument);
    if (inner.type === "ForInStatement" || inner.type === "ForOfStatement") add(inner.left);
  });
  return names;
});

/** All that stands there as a name, of whatever it is one. */
export const identifiersIn = remembering((node): ReadonlySet<string> => {
  const names = new Set<string>();
  walk(node, (inner) => {
    if (inner.type === "Identifier") names.add(inner.name);
  });
  return names;
});
