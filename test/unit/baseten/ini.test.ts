import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IniError, parseIni } from "../../../src/baseten/ini.ts";

const read = (text: string) =>
  Object.fromEntries([...parseIni(text)].map(([name, values]) => [name, Object.fromEntries(values)]));

describe("files of Python's configparser", () => {
  it.each([
    ["nothing", "", {}],
    ["a byte order mark and CRLF", "\uFEFF[a]\r\nkey = v\r\n", { a: { key: "v" } }],
    ["both signs, with and without spaces", "[a]\nk1=v\nk2 : v\nk3:v=w", { a: { k1: "v", k2: "v", k3: "v=w" } }],
    ["an empty value", "[a]\nkey =\n", { a: { key: "" } }],
    ["names in capitals", "[A]\nAPI_Key = V\n", { A: { api_key: "V" } }],
    ["comments on lines of their own only", "# c\n; c\n[a]\nkey = v # not\n", { a: { key: "v # not" } }],
    ["a value that goes on", "[a]\nkey = one\n  two\nnext = 1", { a: { key: "one\ntwo", next: "1" } }],
    ["keys that are indented alike", "[a]\n  k = 1\n  l = 2\n    3\n", { a: { k: "1", l: "2\n3" } }],
    ["a value with empty lines inside", "[a]\nk = 1\n\n  2\n\nl = 3\n", { a: { k: "1\n\n2", l: "3" } }],
    ["defaults", "[DEFAULT]\nteam = x\n[a]\nk = 1\n[b]\nteam = y\n", { a: { team: "x", k: "1" }, b: { team: "y" } }],
    ["percent signs", "[a]\nhost = h\nurl = https://%(HOST)s/%%20\n", { a: { host: "h", url: "https://h/%20" } }],
    ["a reference to itself", "[a]\nx = %(x)s\n", { a: { x: "%(x)s" } }],
    ["a section called like an inherited name", "[__proto__]\nk = v\n[constructor]\n", { constructor: {} }],
  ])("%s", (_name, text, expected) => expect(read(text)).toMatchObject(expected));

  it.each([
    ["a key before any section", "api_key = sekret", 1],
    ["a line that is neither", "[a]\nsekret", 2],
    ["a section twice", "[a]\n[a]\n", 2],
    ["a key twice", "[a]\nk = sekret\nK = sekret\n", 3],
  ])("refuses %s by its line, without its content", (_name, text, line) => {
    const fault = catchFault(() => parseIni(text));
    expect(fault).toBeInstanceOf(IniError);
    expect(fault).toMatchObject({ line });
    expect(String(fault)).not.toContain("sekret");
  });

  it("takes any text, or refuses it as such", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const fault = catchFault(() => parseIni(text));
        expect(fault === undefined || fault instanceof IniError).toBe(true);
      }),
    );
  });
});

function catchFault(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}
