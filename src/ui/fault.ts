import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Fault } from "../errors.ts";
import { isConfig, redactSecrets } from "../project/redact.ts";
import { renderCodeFrame } from "./code-frame.ts";
import { createStyle } from "./style.ts";

/** One fault of a project with its place, its source and what to do, ending in a newline. */
export function renderFault({ code, message, hint, ...place }: Fault, root: string, colors: boolean): string {
  const style = createStyle(colors);
  const { file } = place;
  const frame = file === undefined ? "" : renderCodeFrame({ ...place, file, source: readSource(root, file), colors });
  const advice = hint === undefined ? "" : `  ${style.bold("→")} ${hint}\n`;
  return `${style.red(style.bold(`✖ ${code}`))}  ${message}\n${frame}${advice}`;
}

function readSource(root: string, file: string): string | undefined {
  try {
    const text = readFileSync(resolve(root, file), "utf8");
    return isConfig(file) ? redactSecrets(text) : text;
  } catch {
    return undefined;
  }
}
