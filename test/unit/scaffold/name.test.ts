import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { nameFault, toYamlScalar } from "../../../src/project/model-name.ts";
import { checkName, guessName, toPackageName } from "../../../src/scaffold/name.ts";

describe("a model's name", () => {
  test.each(["", "   ", "a\nb", "tab\there", "nul\0", "del\u007F", "next\u0085line", "lone \uD800", "x".repeat(257)])(
    "%j cannot be kept",
    (name) => {
      expect(nameFault(name)).toBeTypeOf("string");
      expect(() => checkName(name)).toThrowError(expect.objectContaining({ code: "NAME_INVALID", exitCode: 2 }));
    },
  );

  test.each(awkwardNames())("%j is kept exactly by config.yaml", (name) => {
    expect(checkName(name)).toBe(name);
    const yaml = `model_name: ${toYamlScalar(name)}\nnext: 1\n`;
    expect(parse(yaml)).toEqual({ model_name: name, next: 1 });
    expect(parse(yaml, { version: "1.1" })).toEqual({ model_name: name, next: 1 });
  });

  test("simple names stay unquoted", () => {
    expect(toYamlScalar("my-model_2")).toBe("my-model_2");
    expect(toYamlScalar("no")).toBe('"no"');
  });
});

describe("a folder's name", () => {
  test.each([
    ["/tmp/My Model", "My Model"],
    ["/tmp/100%", "100%"],
    ["/tmp/模型", "模型"],
    ["/tmp/two\nlines", "two-lines"],
    ["/tmp/ ", "my-model"],
    ["/", "my-model"],
  ])("%j gives %j", (dir, name) => {
    expect(guessName(dir)).toBe(name);
  });
});

describe("a package's name", () => {
  test.each([
    ["My Model", "my-model"],
    ["Crème brûlée!", "creme-brulee"],
    ["@scope/pkg", "scope-pkg"],
    ["__init__", "init"],
    [".hidden", "hidden"],
    ["模型", "model"],
    ["%%%", "model"],
    ["node_modules", "node_modules-model"],
    ["a".repeat(256), "a".repeat(208)],
  ])("%j becomes %j", (name, legal) => {
    expect(toPackageName(name)).toBe(legal);
  });

  test("a package is no namesake of what it depends on", () => {
    expect(toPackageName("truss-ts", ["truss-ts"])).toBe("truss-ts-model");
  });
});

function awkwardNames(): string[] {
  return [
    "my-model",
    "My Model",
    " spaces around ",
    "null",
    "True",
    "1e5",
    "0x10",
    "12:30:45",
    "2026-01-01",
    "-",
    "- item",
    "# not a comment",
    "a: b",
    "a #b",
    "'single'",
    '"double"',
    "back\\slash",
    "{{name}}",
    "$& $1 $$",
    "*alias",
    "&anchor",
    "!tag",
    "%directive",
    "line\u2028separator",
    "zero\u200Bwidth",
    "\uFEFFbom",
    "模型",
    "👩‍👩‍👧",
    "x".repeat(256),
  ];
}
