import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Fault } from "../errors.ts";
import { describeMissingPackage } from "./missing-package.ts";
import { projectPath } from "../lib/paths.ts";

/**
 * Gives a fault of the class, which names only its file, the line and column of what it is about: the method, else the
 * class, else the first line.
 */
export function locateFault(fault: Fault, root: string, inputs: readonly string[]): Fault {
  if (fault.line !== undefined) return fault;
  const missing = /^Cannot find package '([^']+)' imported from/.exec(fault.message)?.[1];
  const specifier = missing ?? /requested module '([^']+)'/.exec(fault.message)?.[1];
  const importPlace = specifier === undefined ? undefined : findImport(specifier, root, inputs);
  const message = missing === undefined ? fault.message : describeMissingPackage(root, missing);
  if (importPlace !== undefined) return { ...fault, message, ...importPlace };
  if (fault.file === undefined || !existsSync(resolve(root, fault.file))) return fault;
  const source = blankOut(readFileSync(resolve(root, fault.file), "utf8"));
  const member = /^\w+/.exec(fault.message)?.[0] ?? "";
  const offset = findMember(source, member) ?? findClass(source) ?? 0;
  return { ...fault, ...placeOf(source, offset) };
}

/** Node tells of a missing package or export without the place of the import. */
function findImport(specifier: string, root: string, inputs: readonly string[]) {
  for (const input of inputs) {
    const text = existsSync(input) && /\.[cm]?[jt]sx?$/.test(input) ? readFileSync(input, "utf8") : "";
    const offset = [`"${specifier}"`, `'${specifier}'`].map((quoted) => text.indexOf(quoted)).find((at) => at !== -1);
    if (offset !== undefined) return { file: projectPath(root, input), ...placeOf(text, offset) };
  }
  return undefined;
}

function findMember(source: string, name: string): number | undefined {
  if (!/^[A-Za-z_]\w*$/.test(name)) return undefined;
  // A method, a field or a getter at the beginning of a class member; not a call, which follows a dot.
  const found = new RegExp(`(?<=[\\s*;{}])${name}(?=\\s*[(=:?!<])`).exec(source);
  return found?.index;
}

function findClass(source: string): number | undefined {
  return /\bclass\b/.exec(source)?.index;
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

/** Comments and texts, blanked: what is only talked about is not what is meant. */
function blankOut(source: string): string {
  const talk = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`/g;
  return source.replaceAll(talk, (match) => match.replaceAll(/[^\n]/g, " "));
}
