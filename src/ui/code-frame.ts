import { createStyle } from "./style.ts";

export interface CodeFrameOptions {
  /** As the user knows it, such as `model/model.ts`. */
  readonly file: string;
  /** From 1. */
  readonly line?: number | undefined;
  /** From 1, in UTF-16 units. */
  readonly column?: number | undefined;
  /** The file's text; without it only the place is shown. */
  readonly source?: string | undefined;
  readonly colors: boolean;
  /** How wide the terminal is; a line that went on in the next one would have its mark at the wrong place. */
  readonly columns?: number | undefined;
}

/** Lines shown before and after the one at fault. */
const around = 2;
const tabWidth = 2;
/** A longer line is cut around the fault. */
const widest = 120;
/** What is left of the code, beside the number. */
const margin = 7;

/**
 * The place of a fault with the lines around it, ending in a newline.
 *
 * @example
 *   model/model.ts:3:10
 *     2 │ predict(input) {
 *   ❯ 3 │   return inpt.prompt;
 *       │          ^
 *     4 │ }
 */
export function renderCodeFrame({ file, line, column, source, colors, columns }: CodeFrameOptions): string {
  const style = createStyle(colors);
  const place = [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(":");
  const heading = `  ${style.cyan(place)}\n`;
  const lines = source?.split(/\r\n|\r|\n/) ?? [];
  if (line === undefined || lines[line - 1] === undefined) return heading;

  const first = Math.max(1, line - around);
  const last = Math.min(lines.length, line + around);
  const gutter = String(last).length;
  const width = Math.max(1, Math.min(widest, (columns ?? Number.POSITIVE_INFINITY) - margin - gutter));
  const offset = cutOffset(lines[line - 1] ?? "", width, column);
  let frame = heading;
  for (let number = first; number <= last; number += 1) {
    const text = fit(lines[number - 1] ?? "", number === line ? offset : 0, width);
    const label = String(number).padStart(gutter);
    if (number !== line) {
      frame += `${style.dim(`    ${label} │`)}${text === "" ? "" : ` ${style.dim(text)}`}\n`;
      continue;
    }
    frame += `  ${style.red("❯")} ${style.bold(label)} ${style.dim("│")} ${text}\n`;
    if (column !== undefined) {
      const indent = " ".repeat(widthBefore(lines[number - 1] ?? "", offset, column));
      frame += `    ${" ".repeat(gutter)} ${style.dim("│")} ${indent}${style.red("^")}\n`;
    }
  }
  return frame;
}

/** How much of the left is left out, so that the column is in sight on a very long (minified) line. */
function cutOffset(text: string, width: number, column = 1): number {
  return clean(text).length <= width ? 0 : Math.max(0, column - Math.ceil(width / 2));
}

function fit(text: string, offset: number, width: number): string {
  return clean(text.slice(offset)).slice(0, width).trimEnd();
}

function widthBefore(text: string, offset: number, column: number): number {
  return clean(text.slice(offset, Math.min(column - 1, text.length))).length;
}

/** Tabs become spaces, and what could move the cursor goes. */
function clean(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll("\t", " ".repeat(tabWidth)).replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "");
}
