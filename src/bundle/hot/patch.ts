import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import type { Edit } from "./judge.ts";
import type { Outline, Piece } from "./outline.ts";

/** Code for the scope of a running bundle, and the names that are there from then on beside those of its source. */
export interface Patch {
  readonly code: string;
  /** Those that the edit takes from the source are among them: they stay in the scope. */
  readonly adds: readonly string[];
}

/**
 * Writes the code that brings an edit into a running bundle. Its value is `{ model, commit, evaluate }`: the new class,
 * what puts the changed functions in place of the old ones, and, where names were added, the way in for the next patch.
 *
 * @param moved unchanged functions that are to be evaluated anew
 *
 * Everything stands where it does in the edited bundle, the rest is blank: so the bundle's own source map holds for it.
 */
export function writePatch(before: Outline, after: Outline, edit: Edit, moved: readonly string[]): Patch {
  const { model } = after;
  const isNew = ({ name, text }: Piece) => before.pieces.get(name)?.text !== text || moved.includes(name);
  const changed = [...after.pieces.values()].filter((piece) => piece === model.piece || isNew(piece));
  const adds = changed.map(({ name }) => name).filter((name) => !before.pieces.has(name) && !edit.added.has(name));
  const sheet = createSheet(after.code);
  sheet.addFirst(`${adds.length === 0 ? "" : `var ${adds.join(", ")};`}let __trussNext, __trussCommits = [];`);
  for (const piece of changed.sort((left, right) => left.start - right.start)) {
    if (piece === model.piece) copyClass(sheet, piece, after);
    else sheet.copy(piece, `;__trussCommits.push(() => { ${piece.name} =`, "; });");
  }
  const names = [model.piece.name, ...model.aliases];
  const takeOver = `${names.map((name) => `${name} = __trussNext;`).join(" ")} __trussNext = __trussCommits = undefined;`;
  const evaluate = adds.length === 0 ? "undefined" : "(code) => eval(code)";
  sheet.addLast(
    `;({ model: __trussNext, commit: () => { for (const each of __trussCommits) each(); ${takeOver} }, evaluate: ${evaluate} });`,
  );
  const url = pathToFileURL(edit.file).href;
  const code = `${sheet.text()}\n//# sourceURL=${url}\n//# sourceMappingURL=${basename(edit.file)}.map`;
  const gone = [...before.pieces.keys()].filter((name) => !after.pieces.has(name));
  return { code, adds: [...adds, ...gone] };
}

/** Static fields have their values already; they are carried over from the old class. */
function copyClass(sheet: Sheet, piece: Piece, { model }: Outline): void {
  const name = JSON.stringify(piece.name);
  sheet.copy(piece, `;__trussNext = ({ ${name}:`, `})[${name}];`);
  const shift = piece.start - piece.node.start;
  for (const { node, isStaticValue } of model.members) {
    if (isStaticValue) sheet.blank({ start: node.start + shift, end: node.end + shift });
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
}

interface Sheet {
  /** Copies a range that comes after all earlier ones, with something around it where that moves nothing: at ends of lines. */
  copy(range: Range, above: string, below: string): void;
  /** Takes a part out of the last copy, after those taken before. */
  blank(range: Range): void;
  addFirst(text: string): void;
  addLast(text: string): void;
  text(): string;
}

/** A page as large as the source, blank at first. The source's first line is the bundle's banner, above everything. */
function createSheet(source: string): Sheet {
  const starts = [0];
  for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  const lineOf = (at: number) => lastUpTo(starts, at);
  const blanked = (start: number, end: number) => {
    const [first, last] = [lineOf(start), lineOf(end)];
    return "\n".repeat(last - first) + " ".repeat(end - Math.max(start, starts[last] ?? end));
  };
  const additions = new Map<number, string>();
  const add = (line: number, text: string) => additions.set(line, `${additions.get(line) ?? ""}${text}`);
  const kept: Range[] = [];
  const page = () => {
    const parts: string[] = [];
    let at = 0;
    for (const { start, end } of kept) {
      parts.push(blanked(at, start), source.slice(start, end));
      at = end;
    }
    return `${parts.join("")}${blanked(at, source.length)}`;
  };
  return {
    copy(range, above, below) {
      kept.push(range);
      add(lineOf(range.start) - 1, above);
      add(lineOf(range.end), below);
    },
    blank({ start, end }) {
      const around = kept.pop();
      if (around !== undefined) kept.push({ start: around.start, end: start }, { start: end, end: around.end });
    },
    addFirst: (text) => add(0, text),
    addLast: (text) => add(starts.length - 1, text),
    text: () =>
      page()
        .split("\n")
        .map((line, index) => line + (additions.get(index) ?? ""))
        .join("\n"),
  };
}

/** The index of the last of these ascending numbers that is not above `limit`. */
function lastUpTo(numbers: readonly number[], limit: number): number {
  let [low, high] = [0, numbers.length];
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? limit) <= limit) low = middle;
    else high = middle;
  }
  return low;
}
