import { evaluator } from "../../model/evaluator.ts";
import { type Member, type Outline, type Outlined, type Piece, outlineBundle } from "./outline.ts";
import { mentionsOf } from "./mentions.ts";
import { type Patch, writePatch } from "./patch.ts";
import { type Reach, findReach, labelOf } from "./reach.ts";
import { actsWhereItStands } from "./definitions.ts";

/** Whether an edit can go under the live instance, and why; `why` is told to the user. */
export type Verdict =
  | {
      readonly how: "hot";
      readonly why: string;
      readonly patch: Patch;
    }
  | { readonly how: "swap"; readonly why: string };

/** The two bundles: the one whose instance is live, with whatever was put under it since, and the edited one. */
export interface Edit {
  readonly live: string;
  readonly edited: string;
  /** Absolute path of the edited bundle, by which its source map is found. */
  readonly file: string;
  readonly className: string;
  /** Top-level names that are in the live bundle's scope and no longer, or not yet, in its source. */
  readonly added: ReadonlySet<string>;
}

/**
 * Decides between patching the live model and a new start. Hot only where a new start of the edited code would have
 * run, up to `ready`, exactly what the live instance has run: then its fields are what they would be.
 */
export function judge(edit: Edit): Verdict {
  const live = outline(edit.live, edit.className);
  const edited = outline(edit.edited, edit.className);
  if (!live.ok) return swap(live.why);
  if (!edited.ok) return swap(edited.why);
  const [before, after] = [live.outline, edited.outline];
  const [reachBefore, reachAfter] = [findReach(before), findReach(after)];
  const reason =
    compareModel(before, after, [reachBefore, reachAfter]) ??
    compareMembers(before, after, [reachBefore, reachAfter]) ??
    comparePieces(before, after, [reachBefore, reachAfter]) ??
    compareStart(before, after, [reachBefore, reachAfter]) ??
    compareDefinitions(before, after) ??
    findLost(before, after, edit.added);
  if (reason !== undefined) return swap(reason);
  const moved = movable(before, after, reachBefore);
  const unaware = findUnaware(before, after, moved);
  if (unaware !== undefined) return swap(unaware);
  const changed = [
    ...changedMembers(before, after).map(labelOf),
    ...changedPieces(before, after).map((name) => sayPiece(name, after)),
  ];
  return { how: "hot", why: describeChange([...new Set(changed)]), patch: writePatch(before, after, edit, moved) };
}

/** The first judgement is slow, as all first times are: this is it, of all the code, on an edit that changes nothing. */
export function rehearse(code: string, className: string): void {
  const edited = `${code}\n`;
  last = undefined;
  judge({ live: code, edited, file: "/rehearsal", className, added: new Set() });
}

let last: { readonly code: string; readonly className: string; readonly outlined: Outlined } | undefined;

/** The edited bundle of one edit is the live one of the next, and of the one after that most is the same. */
function outline(code: string, className: string): Outlined {
  if (last?.code === code && last.className === className) return last.outlined;
  last = { code, className, outlined: outlineBundle(code, className, evaluator, last?.outlined.parsed) };
  return last.outlined;
}

function swap(why: string): Verdict {
  return { how: "swap", why };
}

function describeChange(changed: readonly string[]): string {
  if (changed.length === 0) return "no code changed";
  const shown = changed.slice(0, 3).join(", ");
  const rest = changed.length > 3 ? ` and ${changed.length - 3} more` : "";
  return `only ${shown}${rest} changed`;
}

/** A default export, such as an imported text, has a name that the bundler made of its file's: that file is told. */
function sayPiece(name: string, { pieces, code }: Outline): string {
  const piece = pieces.get(name);
  if (piece === undefined || !/_default\d*$/.test(name)) return name;
  // The bundler begins each file with its path as a comment.
  const file = code
    .slice(0, piece.start)
    .match(/^\/\/ .+$/gm)
    ?.at(-1)
    ?.slice(3);
  const stem = file?.replace(/^.*\//, "").replace(/\.[^.]*$/, "");
  return file !== undefined && stem?.replace(/\W+/g, "_") === name.replace(/_default\d*$/, "") ? file : name;
}

function compareModel(before: Outline, after: Outline, reaches: readonly Reach[]): string | undefined {
  const names = ({ model }: Outline) => [model.piece.name, ...model.aliases].sort().join();
  if (names(before) !== names(after)) return "the class has another name";
  const by = firstOf(reaches, (reach) => reach.ofClass);
  return by === undefined ? undefined : `${by} may have kept the class itself`;
}

function compareMembers(before: Outline, after: Outline, reaches: readonly Reach[]): string | undefined {
  for (const member of changedMembers(before, after)) {
    if (member.runsAtStart) {
      return member.key === "constructor" ? "the constructor or a field changed" : `${labelOf(member)} changed`;
    }
    const by = firstOf(reaches, (reach) => reach.byMember(member.name));
    if (by !== undefined) return `${labelOf(member)} changed, which ${by} may use`;
  }
  const order = ({ model }: Outline) => model.members.filter(({ runsAtStart }) => runsAtStart).map(({ key }) => key);
  return order(before).join() === order(after).join() ? undefined : "the order of the fields changed";
}

function comparePieces(before: Outline, after: Outline, reaches: readonly Reach[]): string | undefined {
  for (const name of changedPieces(before, after)) {
    const by = firstOf(reaches, (reach) => reach.byPiece(name));
    if (by !== undefined) return `${sayPiece(name, after)} changed, which ${by} may use`;
  }
  return undefined;
}

/** What runs on import, in its order, and what requests compute once and keep. */
function compareStart(before: Outline, after: Outline, reaches: readonly [Reach, Reach]): string | undefined {
  if (startOf(before, reaches[0]) !== startOf(after, reaches[1])) return "code that runs on import changed";
  const kept = ({ kept: values }: Outline) =>
    values
      .map(({ text }) => text)
      .sort()
      .join("\n");
  return kept(before) === kept(after) ? undefined : "a value that is computed once and kept changed";
}

function startOf({ pieces, statements }: Outline, reach: Reach): string {
  const used = [...pieces.values()].filter(
    ({ name, kind }) => kind !== "function" && reach.byPiece(name) !== undefined,
  );
  const all = [...statements, ...used.map(({ start, name }) => ({ start, text: name }))];
  return all
    .sort((left, right) => left.start - right.start)
    .map(({ text }) => text)
    .join("\n");
}

/** Other classes are defined anew with an edit: what their definition does would be done twice. */
function compareDefinitions(before: Outline, after: Outline): string | undefined {
  for (const name of changedPieces(before, after)) {
    const pieces = [before.pieces.get(name), after.pieces.get(name)];
    if (pieces.some((piece) => piece !== undefined && actsWhereItStands(piece, before))) {
      return `${name} changed, whose definition does more than to define it`;
    }
  }
  return undefined;
}

/** A name that is gone from the source is still in the live scope: code that means another by it would find it. */
function findLost(before: Outline, after: Outline, added: ReadonlySet<string>): string | undefined {
  for (const name of [...before.pieces.keys(), ...added]) {
    if (after.pieces.has(name)) continue;
    const inUse = new RegExp(`(?<![\\w$])(?<!(?<!\\.\\.)\\.)${name.replaceAll("$", "\\$")}(?![\\w$])`);
    if (inUse.test(after.code)) return `${name} is gone, and its name is still in use`;
  }
  return undefined;
}

/** Code that is not evaluated anew does not see the names that come with the patch. */
function findUnaware(before: Outline, after: Outline, moved: readonly string[]): string | undefined {
  const isNew = ({ name }: Piece) => !before.pieces.has(name);
  const fresh = [...after.pieces.values()].filter(isNew).map(({ name }) => name);
  for (const piece of after.pieces.values()) {
    const { name, text, node } = piece;
    if (piece === after.model.piece || before.pieces.get(name)?.text !== text || moved.includes(name)) continue;
    const { names } = mentionsOf(node);
    const met = fresh.find((each) => names.has(each));
    if (met !== undefined) return `${met} is new, and ${name} may use it`;
  }
  return undefined;
}

/**
 * Unchanged functions that may have moved in their file: evaluated anew they throw from their new lines. What the start
 * has used must stay the same function, and so must one whose binding is given another value somewhere.
 */
function movable(before: Outline, after: Outline, reach: Reach): string[] {
  return [...after.pieces.values()]
    .filter(({ kind, name }) => kind === "function" && before.pieces.get(name)?.kind === kind)
    .filter(({ name }) => reach.byPiece(name) === undefined && !after.assigned.has(name))
    .map(({ name }) => name);
}

function changedMembers(before: Outline, after: Outline): Member[] {
  return changedValues(byKey(before.model.members), byKey(after.model.members));
}

function byKey(members: readonly Member[]): ReadonlyMap<string, Member> {
  return new Map(members.map((member) => [member.key, member]));
}

function changedPieces(before: Outline, after: Outline): string[] {
  const others = ({ pieces, model }: Outline) => new Map([...pieces].filter(([, piece]) => piece !== model.piece));
  return changedValues<Piece>(others(before), others(after)).map(({ name }) => name);
}

function changedValues<T extends { readonly text: string }>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): T[] {
  const found: T[] = [];
  for (const [key, value] of after) if (before.get(key)?.text !== value.text) found.push(value);
  for (const [key, value] of before) if (!after.has(key)) found.push(value);
  return found;
}

function firstOf<T, R>(items: readonly T[], pick: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = pick(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
