import { isWonByPeer, median, meetsGoal } from "./tools/figures.mjs";

/** What a part found, as text for a terminal. */
export function formatText(result) {
  return [
    `${result.title}\n${"-".repeat(result.title.length)}`,
    formatColumns(figureRows(result.figures)),
    ...(result.ratios.length === 0 ? [] : [formatColumns(ratioRows(result.ratios))]),
    ...remarks(result),
  ].join("\n\n");
}

/** The same as a section of a Markdown page. */
export function formatMarkdown(result) {
  return [
    `## ${result.title}`,
    result.about,
    formatTable(figureRows(result.figures)),
    ...(result.ratios.length === 0 ? [] : [formatTable(ratioRows(result.ratios))]),
    ...remarks(result).map((remark) =>
      remark.replace(/^SKIPPED: /, "**Not measured here:** ").replace(/^FAULT: /, "**Must never be:** "),
    ),
    `\`${result.command}\`, ${result.date}, ${result.machine}.`,
  ].join("\n\n");
}

function figureRows(figures) {
  const rows = figures
    .filter(({ samples }) => samples.every(Number.isFinite))
    .map(({ name, metric, unit, samples }) => [
      name,
      unit === "" ? metric : `${metric}, ${unit}`,
      ...(samples.length === 1 ? [number(samples[0]), "", ""] : spread(samples)),
      String(samples.length),
    ]);
  return [["name", "what", "median", "min", "max", "runs"], ...rows];
}

function ratioRows(ratios) {
  const rows = ratios
    .filter(({ samples }) => samples.every(Number.isFinite))
    .map((ratio) => [ratio.name, ...spread(ratio.samples, 2), ratio.better, goalText(ratio)]);
  return [["ratio", "median", "min", "max", "better", "goal"], ...rows];
}

function spread(samples, digits) {
  return [median(samples), Math.min(...samples), Math.max(...samples)].map((value) => number(value, digits));
}

function number(value, digits = Number.isInteger(value) || value >= 100 ? 0 : value < 10 ? 2 : 1) {
  return value.toFixed(digits);
}

function goalText(ratio) {
  if (ratio.goal === undefined) return "-";
  const sign = ratio.better === "higher" ? "≥" : "≤";
  return `${sign} ${ratio.goal}: ${meetsGoal(ratio) ? "met" : "not met"}`;
}

function remarks({ ratios, skipped = [], notes = [], faults = [] }) {
  const told = ratios.filter((ratio) => ratio.peerWins !== undefined && ratio.samples.every(Number.isFinite));
  const lost = told.filter(isWonByPeer);
  const reasons = new Set(lost.map(({ peerWins }) => peerWins));
  const which = (why) => lost.filter(({ peerWins }) => peerWins === why).map(({ name }) => `"${name}"`);
  return [
    ...faults.map((fault) => `FAULT: ${fault}`),
    ...[...reasons].map((why) => `The peer wins ${which(why).join(" and ")}: ${why}`),
    ...notes,
    ...skipped.map((what) => `SKIPPED: ${what}`),
  ];
}

function formatColumns(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const pad = (cell, column) => (isNumeric(cell, column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]));
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

function isNumeric(cell, column) {
  return column > 0 && /^(-?[\d.]+|median|min|max|runs)$/.test(cell);
}

function formatTable([head, ...rows]) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = head.map((name, column) => (isNumeric(name, column) ? "---:" : "---"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}
