import type { Published, Stage } from "../push/types.ts";
import { formatBytes } from "./bytes.ts";
import { safeName, safeText } from "./safe-text.ts";
import { createStyle } from "./style.ts";

/** More than this is seldom meant, in bytes. */
const largeSize = 10_000_000;
/** With more files than this, the largest are listed. */
const listedFiles = 30;

/** What will be delivered: each file with its size, the total and the digest. */
export function renderStage({ files, size, digest, installation }: Stage, colors: boolean): string {
  const style = createStyle(colors);
  const tooMany = files.length > listedFiles;
  const shown = tooMany ? largest(files, listedFiles) : files;
  const width = Math.max(0, ...shown.map((file) => formatBytes(file.size).length));
  const lines = shown.map((file) => `  ${formatBytes(file.size).padStart(width)}  ${safeName(file.path)}`);
  const rest = tooMany ? [style.dim(`  and ${files.length - shown.length} smaller files`)] : [];
  const outside = installation?.packages ?? [];
  return [
    "",
    ...lines,
    ...rest,
    `  ${style.bold(formatBytes(size))} in ${files.length} files, ${style.dim(digest)}`,
    ...(outside.length === 0 ? [] : ["", "  Installed where it runs:"]),
    ...outside.map(({ name, version, why }) => `    ${name} ${version}  ${style.dim(why)}`),
    "",
    "",
  ].join("\n");
}

/** What to think of before a large stage is sent; undefined: nothing. */
export function warnOfSize({ files, size }: Stage): { message: string; hint: string } | undefined {
  if (size <= largeSize) return undefined;
  const named = largest(files, 3).map((file) => `${safeName(file.path)} (${formatBytes(file.size)})`);
  return {
    message: `${formatBytes(size)} is a lot to push; the largest: ${named.join(", ")}`,
    hint: "name what the model does not need in .trussignore; let load() fetch large weights",
  };
}

/** How it ended, for people, ending in a newline. */
export function renderPublished({ summary, next }: Published, colors: boolean): string {
  const style = createStyle(colors);
  const width = Math.max(0, ...summary.map(([label]) => label.length));
  return [
    ...summary.map(([label, value]) => `${style.bold(label.padEnd(width))}  ${safeText(value)}\n`),
    ...(next.length === 0 ? [] : ["\nNext:\n", ...next.map((line) => `  ${style.cyan(line)}\n`)]),
    "\n",
  ].join("");
}

function largest(files: Stage["files"], count: number): Stage["files"] {
  return files.toSorted((left, right) => right.size - left.size).slice(0, count);
}
