import type { AnyNode, Class } from "acorn";
import type { Outline, Piece } from "./outline.ts";
import { isWrittenOut } from "./syntax.ts";

/** What of a class is evaluated where it stands, and not by its constructor or a call. */
export function atDefinition({ node }: Piece): AnyNode[] {
  if (node.type !== "ClassExpression") return [];
  const found: AnyNode[] = node.superClass ? [node.superClass] : [];
  for (const member of node.body.body) {
    if (member.type === "StaticBlock") found.push(member);
    else {
      if (member.computed) found.push(member.key);
      if (member.type === "PropertyDefinition" && member.static) found.push(member);
    }
  }
  return found;
}

/** Whether to define it once more would be noticed, or might fail. */
export function actsWhereItStands({ node }: Piece, live: Outline): boolean {
  if (node.type !== "ClassExpression") return false;
  return !extendsKnown(node, live) || node.body.body.some(isAct);
}

function isAct(member: Class["body"]["body"][number]): boolean {
  if (member.type === "StaticBlock") return true;
  if (member.computed && member.key.type !== "Literal" && !isWellKnownSymbol(member.key)) return true;
  return member.type === "PropertyDefinition" && member.static && !!member.value && !isWrittenOut(member.value);
}

function isWellKnownSymbol(key: AnyNode): boolean {
  return key.type === "MemberExpression" && key.object.type === "Identifier" && key.object.name === "Symbol";
}

const builtIns = /^(?:(?:Aggregate|Range|Reference|Syntax|Type)?Error|Array|Map|Promise|Set)$/;

/** A class that is there already, of the project's or of the language's own. */
function extendsKnown({ superClass }: Class, { pieces }: Outline): boolean {
  if (!superClass) return true;
  if (superClass.type !== "Identifier") return false;
  return pieces.get(superClass.name)?.kind === "class" || builtIns.test(superClass.name);
}
