import fc from "fast-check";
import { expect, it } from "vitest";
import { type Parsed, parseStatements } from "../../../src/bundle/hot/statements.ts";

/** What is told of a bundle: kinds, words and places, as they are in the bundle. */
const tell = ({ code, body }: Parsed) =>
  body.map(({ statement: { node, textOf }, shift }) => {
    const [start, end] = [node.start + shift, node.end + shift];
    expect(textOf(node)).toBe(code.slice(start, end));
    return `${node.type} ${start} ${end}`;
  });

const statements = [
  "// a comment\n",
  "/* one\nmore */\n",
  "var $ = 1;\n",
  "var $ = () => `x\n// no comment\nvar y = 1;\n`;\n",
  "function $() {\n  return /[/]*/;\n}\n",
  "if (a) b();\n",
  "a = function() {\n};\n",
  "`text`;\n",
  "/x/.test(a);\n",
  'import $ from "x";\n',
  "async function* $() {\n  yield* f();\n}\n",
  "class $ {\n  m() {\n  }\n}\n",
  "for (;;) break;\n",
  "a++;\n",
  "{\n}\n",
];
/** What can make something else of the code around it. */
const pieces = [
  "else c();\n",
  "(1, 2);\n",
  "// open ",
  "/* ",
  " */",
  "`",
  "\n",
  " ",
  "++",
  "a",
  "async ",
  "a = b",
  ";",
  "\n(c)",
];
const part = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...statements) },
  { weight: 1, arbitrary: fc.constantFrom(...pieces) },
);
const parts = fc.array(part, { maxLength: 8 });
const edit = fc.record({ at: fc.nat(8), take: fc.nat(2), put: fc.array(part, { maxLength: 2 }) });

/** Names that are given once only. */
const write = (all: readonly string[]) => all.map((each, at) => each.replace("$", `$${at}`)).join("");

it("takes any edit apart as if it had never seen the code before", () => {
  let reused = 0;
  const property = fc.property(parts, fc.array(edit, { minLength: 1, maxLength: 3 }), (first, edits) => {
    const all = [...first];
    let known = attempt(write(all));
    for (const { at, take, put } of edits) {
      all.splice(at, take, ...put);
      const code = write(all);
      const [whole, again] = [attempt(code), attempt(code, known)];
      // What the bundler writes always is a program.
      if (whole === undefined) continue;
      expect(again && tell(again)).toEqual(tell(whole));
      const old = new Set(known?.body.map(({ statement }) => statement));
      if (again?.body.some(({ statement }) => old.has(statement))) reused += 1;
      known = again;
    }
  });
  fc.assert(property, { numRuns: 3_000 });
  // Or nothing was shown.
  expect(reused).toBeGreaterThan(300);
});

it.each([
  ["a statement that goes on in the next line", "a = b\nc();\nd();\n", "a = b\n(c());\nd();\n"],
  ["an edit that goes on in the next line", "a();\nb();\n(c)();\n", "a();\nb = d\n(c)();\n"],
  ["a comment that takes in what follows", "a();\n// b\nc();\n", "a();\n// b c();\n"],
  ["a comment around all", "a();\nb();\n/* */ c();\n", "a();\n/* b();\n/* */ c();\n"],
  ["a text around a statement", "a();\nb();\nc(`x`);\n", "a();\n`b();\nc(`x`);\n"],
  ["a branch that gets another one", "if (a) b();\nc();\n", "if (a) b();\nelse c();\n"],
])("is not misled by %s", (_what, before, after) => {
  const [whole, again] = [attempt(after), attempt(after, attempt(before))];
  if (whole !== undefined) expect(again && tell(again)).toEqual(tell(whole));
  else expect(again).toBeUndefined();
});

it("parses only what has changed", () => {
  const code = (value: number) => `var a = 1;\nfunction f() {\n}\nvar b = ${value};\nvar c = 3;\n`;
  const before = parseStatements(code(2));
  const after = parseStatements(code(20_000), before);
  expect(after.body.map(({ statement }, at) => statement === before.body[at]?.statement)).toEqual([
    true,
    true,
    false,
    true,
  ]);
});

/** `undefined` where it is no program. */
function attempt(code: string, known?: Parsed): Parsed | undefined {
  try {
    return parseStatements(code, known);
  } catch {
    return undefined;
  }
}
