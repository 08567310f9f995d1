import { expect, it } from "vitest";
import { renderCodeFrame } from "../../../src/ui/code-frame.ts";

const source = ["export class Model {", "\tpredict(input) {", "\t\treturn inpt.prompt;", "\t}", "}"].join("\n");

it("shows the line at fault between its neighbours, with the column under it", () => {
  const frame = renderCodeFrame({ file: "model/model.ts", line: 3, column: 10, source, colors: false });
  expect(frame).toBe(`  model/model.ts:3:10
    1 │ export class Model {
    2 │   predict(input) {
  ❯ 3 │     return inpt.prompt;
      │            ^
    4 │   }
    5 │ }
`);
});

it("shows only the place where there is no more to show", () => {
  expect(renderCodeFrame({ file: "config.yaml", colors: false })).toBe("  config.yaml\n");
  expect(renderCodeFrame({ file: "a.ts", line: 99, column: 1, source, colors: false })).toBe("  a.ts:99:1\n");
  expect(renderCodeFrame({ file: "a.ts", line: 1, source: undefined, colors: false })).toBe("  a.ts:1\n");
});

it("keeps the gutter straight across a power of ten", () => {
  const lines = Array.from({ length: 12 }, (_, at) => `line${at + 1}`).join("\r\n");
  const frame = renderCodeFrame({ file: "a.ts", line: 9, source: lines, colors: false });
  expect(frame).toContain("     8 │ line8\n  ❯  9 │ line9\n    10 │ line10\n");
});

it("cuts a very long line around the fault", () => {
  const minified = `${"a".repeat(5_000)}!${"b".repeat(5_000)}`;
  const frame = renderCodeFrame({ file: "a.js", line: 1, column: 5_001, source: minified, colors: false });
  const [, text = "", mark = ""] = frame.split("\n");
  expect(text.length).toBeLessThan(140);
  expect(text[mark.indexOf("^")]).toBe("!");
});

it("fits a narrow terminal, with the mark below the fault", () => {
  const long = `\tconst answer = await this.compute(input.prompt, { temperature: input.temperature }); // and so on`;
  for (const column of [2, 30, 60, long.length]) {
    const frame = renderCodeFrame({
      file: "a.ts",
      line: 2,
      column,
      source: `${long}\n${long}`,
      columns: 40,
      colors: false,
    });
    const [, , text = "", mark = ""] = frame.split("\n");
    for (const line of frame.split("\n")) expect(line.length).toBeLessThanOrEqual(40);
    expect(text[mark.indexOf("^")]).toBe(long[column - 1]);
  }
});

it("lets no control character of the source through", () => {
  const frame = renderCodeFrame({ file: "a.ts", line: 1, column: 1, source: "\u001b[2Jx\u0007", colors: false });
  expect(frame).toBe("  a.ts:1:1\n  ❯ 1 │ [2Jx\n      │ ^\n");
});

it("has colours only where they are wanted", () => {
  const frame = (colors: boolean) => renderCodeFrame({ file: "a.ts", line: 1, column: 1, source, colors });
  expect(frame(true)).toContain("\u001b[");
  expect(frame(false)).not.toContain("\u001b[");
});
