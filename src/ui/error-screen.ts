import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { TrussError } from "../errors.ts";
import { concealArguments } from "../lib/arguments.ts";
import { homeFolder } from "../lib/home-folder.ts";
import { isConfig, redactSecrets } from "../project/redact.ts";
import { renderCodeFrame } from "./code-frame.ts";
import { safeText } from "./safe-text.ts";
import { createStyle } from "./style.ts";

/** An error with what is known of where it comes from. */
export interface ShownError {
  readonly title: string;
  readonly message: string;
  /** Nothing has failed. */
  readonly warning?: boolean;
  readonly hint?: string | undefined;
  /** Relative to `root`, or absolute. */
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** Mapped to the user's sources. */
  readonly stack?: string | undefined;
}

export interface ErrorScreenOptions {
  /** Absolute path that files are relative to. */
  readonly root: string;
  readonly colors: boolean;
  /** How wide the terminal is. */
  readonly columns?: (() => number | undefined) | undefined;
}

/** Frames of a stack shown at most: the ones nearest to the throw. */
const shownFrames = 6;

/** What happened, where in the user's source, and what to do: on one screen, ending in a newline. */
export function renderErrorScreen(error: ShownError, { root, colors, columns }: ErrorScreenOptions): string {
  const style = createStyle(colors);
  const frame =
    error.file === undefined
      ? ""
      : `\n${renderCodeFrame({ ...error, file: error.file, source: readSource(root, error.file), colors, columns: columns?.() })}`;
  const stack = stackFrames(error.stack, root);
  const hint = error.hint === undefined ? "" : `\n  ${style.bold("→")} ${error.hint}\n`;
  return [
    error.warning === true
      ? style.yellow(`! ${error.title}\n`)
      : `${style.red(style.bold(`✖ ${error.title}`))}  ${error.message}\n`,
    frame,
    stack.length > 1 ? `\n${stack.map((line) => `  ${style.dim(line)}\n`).join("")}` : "",
    hint,
    "\n",
  ].join("");
}

/** An expected failure of a command: no stack, a hint where there is one. Files are relative to the working directory. */
export function renderError(error: TrussError, { colors }: { readonly colors: boolean }): string {
  const style = createStyle(colors);
  const { file, line, column, hint } = error;
  const place = [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(":");
  return [
    `${style.red(style.bold(`✖ ${error.code}`))}  ${safeText(error.message)}\n`,
    place === "" ? "" : `  ${style.cyan(safeText(place))}\n`,
    hint === undefined ? "" : `  ${style.bold("→")} ${safeText(hint)}\n`,
  ].join("");
}

/** A fault of ours, as a report to paste. Neither the user's home folder nor a key is in it. */
export function renderBug(
  error: unknown,
  about: { readonly version: string; readonly args: readonly string[] },
): string {
  const home = homeFolder();
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const report = [
    `truss-ts ${about.version}, Node ${process.version}, ${process.platform} ${process.arch}`,
    `truss-ts ${concealArguments(about.args).join(" ")}`,
    trace,
  ].join("\n");
  const shown = home !== undefined && home.length > 1 ? report.replaceAll(home, "~") : report;
  return `✖ This is a bug in truss-ts, not in your project. Please report it with the lines below.\n\n${shown}\n`;
}

function readSource(root: string, file: string): string | undefined {
  try {
    const text = readFileSync(resolve(root, file), "utf8");
    return isConfig(file) ? redactSecrets(text) : text;
  } catch {
    return undefined;
  }
}

function stackFrames(stack: string | undefined, root: string): string[] {
  const frames = (stack ?? "").split("\n").filter((line) => /^\s+at /.test(line) && !line.includes("node:internal"));
  const prefix = new RegExp(`(?:file://)?${escapeRegExp(root)}[/\\\\]`, "g");
  return frames.slice(0, shownFrames).map((line) => line.trim().replaceAll(prefix, ""));
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}
