import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { formatMarkdown } from "./report.mjs";

const head = `# Performance

Each figure is one of several that were taken in turn with its peer's, in one run on one machine, so compare within a
table and trust the ratios more than the milliseconds. \`npm run bench\` takes them all again, \`npm run bench -- serve\`
one part, \`npm run bench -- --quick\` with fewer runs; with \`--write\` it writes this page.
`;

/** Puts the sections of what was measured into the page, in the parts' order, and leaves the others as they are. */
export function writePage(file, order, results) {
  const sections = existsSync(file) ? readSections(readFileSync(file, "utf8")) : new Map();
  for (const result of results) sections.set(result.part, formatMarkdown(result));
  const ordered = order.filter((part) => sections.has(part));
  const body = ordered.map((part) => `<!-- bench: ${part} -->\n\n${sections.get(part)}\n\n<!-- /bench -->\n`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, [head, ...body].join("\n"));
}

function readSections(text) {
  const found = text.matchAll(/<!-- bench: (\w+) -->\n\n([\s\S]*?)\n\n<!-- \/bench -->/g);
  return new Map([...found].map(([, part, section]) => [part, section]));
}
