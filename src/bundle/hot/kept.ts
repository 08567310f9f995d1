import type { AnyNode, AssignmentExpression } from "acorn";
import { mentionsOf } from "./mentions.ts";
import { type TextOf, isFunction, memberName, remembering, walk } from "./syntax.ts";

type Assignment = AnyNode & AssignmentExpression;

export interface KeptValue {
  readonly node: AnyNode;
  readonly text: string;
}

/**
 * Values that code computes once and keeps (`this.x ??= make()`, `if (!x) x = make()`, `if (x) return x; x = make();`),
 * with the local variables that they are made from: what they were made by has had its effect, just as `load()` has.
 */
export const keptValues = remembering((node, textOf: TextOf): readonly KeptValue[] => {
  const found = new Set<AnyNode>();
  for (const scope of outermostFunctions(node)) {
    const values = valuesIn(scope, textOf);
    for (const value of [...values, ...makersOf(values, scope)]) found.add(value);
  }
  return [...found].map((value) => ({ node: value, text: textOf(value) }));
});

function valuesIn(scope: AnyNode, textOf: TextOf): AnyNode[] {
  const found: AnyNode[] = [];
  const [tests, locals] = [testsIn(scope, textOf), localsOf(scope)];
  walk(scope, (current) => {
    if (current.type === "AssignmentExpression") {
      if (isKept(current, textOf) || (makes(current.right) && isTested(current, tests, locals, textOf))) {
        found.push(current.right);
      }
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

/** The functions of a binding and the methods of a class, each with all that is within it. */
function outermostFunctions(node: AnyNode): AnyNode[] {
  if (isFunction(node) || node.type === "FunctionDeclaration") return [node];
  const found: AnyNode[] = [];
  let end = 0;
  walk(node, (inner) => {
    if (!isFunction(inner) || inner.start < end) return;
    found.push(inner);
    ({ end } = inner);
  });
  return found;
}

function isKept(node: Assignment, textOf: TextOf): boolean {
  if (["??=", "||=", "&&="].includes(node.operator)) return true;
  return (
    node.operator === "=" && node.right.type === "LogicalExpression" && textOf(node.right.left) === textOf(node.left)
  );
}

/** What decides whether something is done. */
function testsIn(scope: AnyNode, textOf: TextOf): string[] {
  const found: string[] = [];
  walk(scope, (node) => {
    if ("test" in node && node.test) found.push(textOf(node.test));
    if (node.type === "LogicalExpression") found.push(textOf(node.left));
  });
  return found;
}

/** Whether a value goes to where it outlives the call, and the same function looks whether it is there. */
function isTested(node: Assignment, tests: readonly string[], locals: ReadonlySet<string>, textOf: TextOf): boolean {
  if (node.operator !== "=") return false;
  let found = false;
  walk(node.left, (target) => {
    const lives = target.type === "Identifier" ? !locals.has(target.name) : memberName(target) !== undefined;
    if (lives && holds(tests, textOf(target))) found = true;
  });
  return found;
}

/** Whether a name or a member stands in one of the texts, and not only as a part of a longer one. */
function holds(texts: readonly string[], name: string): boolean {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = new RegExp(`(?<![\\w$.])${escaped}(?![\\w$])`);
  return texts.some((text) => pattern.test(text));
}

function localsOf(scope: AnyNode): Set<string> {
  const names = new Set<string>();
  const add = (target: AnyNode) => {
    for (const name of mentionsOf(target).names) names.add(name);
  };
  walk(scope, (node) => {
    if (node.type === "VariableDeclarator") add(node.id);
    if (isFunction(node) || node.type === "FunctionDeclaration") {
      for (const each of (node as AnyNode & { params: AnyNode[] }).params) add(each);
    }
  });
  return names;
}

/** What the local variables that these values use are made by. */
function makersOf(values: readonly AnyNode[], scope: AnyNode): AnyNode[] {
  const found = new Set<AnyNode>();
  const pending = [...values];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    const { names } = mentionsOf(value);
    const add = (target: AnyNode, maker: AnyNode | null | undefined) => {
      if (!maker || found.has(maker) || !overlaps(mentionsOf(target).names, names)) return;
      found.add(maker);
      pending.push(maker);
    };
    walk(scope, (node) => {
      if (node.type === "VariableDeclarator") add(node.id, node.init);
      if (node.type === "AssignmentExpression" && node.left.type !== "MemberExpression") add(node.left, node.right);
    });
  }
  return [...found];
}

function overlaps(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  for (const name of some) if (others.has(name)) return true;
  return false;
}

/** Whether code of the user's is run, or kept, by this value. */
function makes(node: AnyNode): boolean {
  let found = mentionsOf(node).names.size > 0;
  walk(node, (inner) => {
    if (making.has(inner.type)) found = true;
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
