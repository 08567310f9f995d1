import { type AnyNode, parse } from "acorn";

/** A statement of a bundle's top level. As long as its words stay, it is the same object from edit to edit. */
export interface Statement {
  readonly node: AnyNode;
  /** The words of anything in it. */
  readonly textOf: (node: AnyNode) => string;
}

/** A statement in one bundle; the places that its nodes tell are `shift` before those in the bundle. */
export interface Placed {
  readonly statement: Statement;
  readonly shift: number;
}

export interface Parsed {
  readonly code: string;
  readonly body: readonly Placed[];
}

/**
 * Takes a bundle apart into its statements.
 *
 * @param known another bundle: what stands there in the same words above or below the edit is not parsed again
 */
export function parseStatements(code: string, known?: Parsed): Parsed {
  const body = (known && parseBetween(code, known)) ?? parsePart(code, 0, code.length);
  return { code, body };
}

function parsePart(code: string, from: number, to: number): Placed[] {
  // Put together anew, or each statement would keep the whole bundle of its edit in memory.
  const text = `\n${code.slice(from, to)}`;
  const textOf = ({ start, end }: AnyNode) => text.slice(start, end);
  const { body } = parse(text, { ecmaVersion: "latest", sourceType: "module" });
  return body.map((node) => ({ statement: { node, textOf }, shift: from - 1 }));
}

/** `undefined`: the edit cannot be told from what is around it. */
function parseBetween(code: string, { code: old, body }: Parsed): Placed[] | undefined {
  const [above, below] = commonEnds(code, old);
  const moved = code.length - old.length;
  const head = body.slice(
    0,
    firstIndex(body, (each) => endOf(each) > above),
  );
  while (head.length > 0 && !isClosed(head.at(-1))) head.pop();
  // At the beginning of a line it is not part of a comment that the edit has begun on the same line.
  const isBelow = (each: Placed) => startOf(each) >= old.length - below && code[startOf(each) + moved - 1] === "\n";
  const tail = body.slice(firstIndex(body, isBelow)).map((each) => ({ ...each, shift: each.shift + moved }));
  const [from, to] = [endOf(head.at(-1)), tail[0] === undefined ? code.length : startOf(tail[0])];
  try {
    const between = parsePart(code, from, to);
    const isWhole = tail.length === 0 || between.length === 0 || isClosed(between.at(-1));
    return isWhole ? [...head, ...between, ...tail] : undefined;
  } catch {
    // A comment, a text or a statement may go on in what is left out.
    return undefined;
  }
}

/** How many characters two texts have in common at their beginnings, and beyond these at their ends. */
function commonEnds(one: string, other: string): [above: number, below: number] {
  const limit = Math.min(one.length, other.length);
  let above = 0;
  while (above < limit && one.charCodeAt(above) === other.charCodeAt(above)) above += 1;
  const [last, otherLast] = [one.length - 1, other.length - 1];
  let below = 0;
  while (below < limit - above && one.charCodeAt(last - below) === other.charCodeAt(otherLast - below)) below += 1;
  return [above, below];
}

/** Whether a statement is over, whatever follows it: `if (a) b;` may go on with `else`, `a = b` with `(c)`. */
function isClosed(placed: Placed | undefined): boolean {
  if (placed === undefined) return false;
  const { node, textOf } = placed.statement;
  if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") return true;
  return simple.has(node.type) && textOf(node).endsWith(";");
}

const simple: ReadonlySet<string> = new Set<AnyNode["type"]>([
  "ExpressionStatement",
  "VariableDeclaration",
  "ImportDeclaration",
  "ExportNamedDeclaration",
]);

function startOf({ statement, shift }: Placed): number {
  return statement.node.start + shift;
}

/** The beginning of the code where there is no statement. */
function endOf(placed: Placed | undefined): number {
  return placed === undefined ? 0 : placed.statement.node.end + placed.shift;
}

function firstIndex<T>(items: readonly T[], isWanted: (item: T) => boolean): number {
  const found = items.findIndex(isWanted);
  return found === -1 ? items.length : found;
}
