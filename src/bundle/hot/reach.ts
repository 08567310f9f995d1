import type { AnyNode } from "acorn";
import { type Mentions, mentionsOf } from "./mentions.ts";
import { type Member, type Outline, type Piece, staticValue } from "./outline.ts";

/** What has had its part in how the model came to be, each with what it was used by. */
export interface Reach {
  /** `undefined`: not reached. */
  byPiece(name: string): string | undefined;
  byMember(name: string): string | undefined;
}

/**
 * Follows names from all that runs before the model is ready: the statements of the modules, the constructor and the
 * fields, `load()`, `setup_environment()`, and what is computed once and kept. Whatever that can reach may live on in
 * the instance, so that only a new start would bring a change of it to light.
 */
export function findReach(outline: Outline): Reach {
  const { pieces, model, statements, kept } = outline;
  const [reachedPieces, reachedMembers] = [new Map<string, string>(), new Map<string, string>()];
  const modelNames = new Set([model.piece.name, ...model.aliases]);
  const bases = basesOf(outline);

  for (const node of statements) follow(staticValue(node, [...modelNames]) ?? node, "code that runs on import", false);
  for (const node of kept) follow(node, "a value that is computed once and kept", true);
  for (const piece of pieces.values()) {
    if (piece === model.piece) continue;
    for (const node of atDefinition(piece)) follow(node, "code that runs on import", false);
  }
  for (const member of model.members) if (member.runsAtStart) follow(member.node, labelOf(member), true);
  return { byPiece: (name) => reachedPieces.get(name), byMember: (name) => reachedMembers.get(name) };

  function follow(node: AnyNode, by: string, isModels: boolean): void {
    const mentions = mentionsOf(node);
    for (const name of mentions.names) reachPiece(name, by);
    const everything = (isModels && mentions.givesThisAway) || hasAny(mentions.bare, modelNames);
    for (const member of model.members) if (everything || mentions.members.has(member.name)) reachMember(member, by);
  }

  function reachPiece(name: string, by: string): void {
    const piece = pieces.get(name);
    if (piece === undefined || piece === model.piece || reachedPieces.has(name)) return;
    reachedPieces.set(name, by);
    // A plain function may be called with the instance as its `this`; a class has its own, unless Model extends it.
    follow(piece.node, by, piece.kind === "function" || bases.has(name));
  }

  function reachMember(member: Member, by: string): void {
    if (member.runsAtStart || reachedMembers.has(member.name)) return;
    reachedMembers.set(member.name, by);
    for (const each of model.members) if (each.name === member.name) follow(each.node, by, true);
  }
}

function basesOf({ pieces, model }: Outline): Set<string> {
  const bases = new Set<string>();
  for (let { node } = model.piece; node.type === "ClassExpression" && node.superClass?.type === "Identifier";) {
    const base = pieces.get(node.superClass.name);
    if (base === undefined || bases.has(base.name)) break;
    bases.add(base.name);
    ({ node } = base);
  }
  return bases;
}

/** What of a class is evaluated where it stands. */
function atDefinition({ node }: Piece): AnyNode[] {
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

function hasAny(names: Mentions["bare"], wanted: ReadonlySet<string>): boolean {
  for (const name of wanted) if (names.has(name)) return true;
  return false;
}

/** A member as people speak of it. */
export function labelOf({ key, name }: Member): string {
  if (key === "constructor") return "the constructor";
  if (key.includes("field ")) return `the field ${name}`;
  if (key === "extends") return "what the class extends";
  return `${key}()`;
}
