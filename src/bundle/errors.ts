import type { Message } from "esbuild";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { projectPath } from "../lib/paths.ts";
import type { BuildError } from "./types.ts";

/** esbuild's messages in the user's terms, and the files whose coming would mend them. */
export function readBuildErrors(root: string, messages: readonly Message[]) {
  return {
    errors: messages.map((message) => convertMessage(root, message)),
    candidates: messages.flatMap((message) => listCandidates(root, message)),
  };
}

function convertMessage(root: string, { text, location }: Message): BuildError {
  if (location === null || !["", "file"].includes(location.namespace) || location.file === "") return { message: text };
  const file = resolve(root, location.file);
  const place = { file: projectPath(root, file) };
  const end = findEnd(file);
  // The line that the source-places plugin adds is not the user's.
  if (end !== undefined && location.line > end.line) {
    return { message: "Unexpected end of file", ...place, ...end };
  }
  const { line, lineText } = location;
  return { message: text, ...place, line, column: toColumn(lineText, location.column), lineText };
}

function findEnd(file: string): { line: number; column: number; lineText: string } | undefined {
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, "utf8").split("\n");
  const lineText = lines.at(-1) ?? "";
  return { line: lines.length, column: lineText.length + 1, lineText };
}

/** esbuild counts columns in bytes from 0; editors count UTF-16 units from 1. */
function toColumn(lineText: string, bytes: number): number {
  return Buffer.from(lineText).subarray(0, bytes).toString().length + 1;
}

/** What esbuild tries after the path that an import names. */
export const endings: readonly string[] = ["", ".ts", ".mts", ".js", ".mjs", ".json", "/index.ts", "/index.js"];

function listCandidates(root: string, { text, location }: Message): string[] {
  const missing = /^Could not resolve "(\.[^"]+)"/.exec(text)?.[1];
  if (missing === undefined || location === null) return [];
  const base = join(dirname(resolve(root, location.file)), missing);
  const asTypeScript = base.replace(/\.([cm]?)js$/, ".$1ts");
  return [...new Set([...endings.map((ending) => base + ending), asTypeScript])];
}
