import type { AnyNode } from "acorn";
import { atDefinition } from "./definitions.ts";
import { type Mentions, mentionsOf } from "./mentions.ts";
import { type Member, type Outline, staticValue } from "./outline.ts";

/** What has had its part in how the model came to be, each with what it was used by. */
export interface Reach {
  /** `undefined`: not reached. */
  byPiece(name: string): string | undefined;
  byMember(name: string): string | undefined;
  /** What has used the class as a whole, so that its identity may count: as a key, for `instanceof`. */
  readonly ofClass: string | undefined;
}

/**
 * Follows names from all that runs before the model is ready: the statements of the modules, the constructor and the
 * fields, `load()`, `setup_environment()`, and what is computed once and kept. Whatever that can reach may live on in
 * the instance, so that only a new start would bring a change of it to light.
 */
export function findReach(outline: Outline): Reach {
  const { pieces, model, statements, kept } = outline;
  const [reachedPieces, reachedMembers] = [new Map<string, string>(), new Map<string, string>()];
  const modelNames = namesOf(outline);
  let ofClass: string | undefined;
  const bases = basesOf(outline);

  for (const { node } of statements)
    follow(staticValue(node, [...modelNames]) ?? node, "code that runs on import", false);
  for (const { node } of kept) follow(node, "a value that is computed once and kept", true);
  for (const piece of pieces.values()) {
    if (piece === model.piece) continue;
    for (const node of atDefinition(piece)) follow(node, "code that runs on import", false);
  }
  for (const member of model.members) if (member.runsAtStart) follow(member.node, labelOf(member), true);
  return { byPiece: (name) => reachedPieces.get(name), byMember: (name) => reachedMembers.get(name), ofClass };

  function follow(node: AnyNode, by: string, isModels: boolean): void {
    const mentions = mentionsOf(node);
    for (const name of mentions.names) reachPiece(name, by);
    const isClassUsed = hasAny(mentions.bare, modelNames);
    if (isClassUsed) ofClass ??= by;
    const everything = (isModels && mentions.givesThisAway) || isClassUsed;
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

/** What the class is called, outside and, where esbuild has given it another name there, inside. */
function namesOf({ model }: Outline): Set<string> {
  const names = new Set([model.piece.name, ...model.aliases]);
  if (model.piece.node.type === "ClassExpression" && model.piece.node.id) names.add(model.piece.node.id.name);
  return names;
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
