import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { setModelName } from "../../../src/project/model-name.ts";
import { parseConfig } from "../../../src/project/yaml.ts";

describe("setModelName", () => {
  it.each([
    ["", "model_name: new\n"],
    ["# only\n", "model_name: new\n# only\n"],
    ["# yaml-language-server: $schema=x", "# yaml-language-server: $schema=x\nmodel_name: new\n"],
    [
      "# yaml-language-server: $schema=x\n# for all\nresources: {cpu: '1'}   # odd\n",
      "# yaml-language-server: $schema=x\nmodel_name: new\n# for all\nresources: {cpu: '1'}   # odd\n",
    ],
    ["---\na:   1\n", "---\nmodel_name: new\na:   1\n"],
    ["a: 1\r\nb: 2\r\n", "model_name: new\r\na: 1\r\nb: 2\r\n"],
    ["\uFEFFa: 1\n", "\uFEFFmodel_name: new\na: 1\n"],
    ["a:   1\nmodel_name:  'old'   # mine\nb:  2\n", "a:   1\nmodel_name:  new   # mine\nb:  2\n"],
    ["\uFEFFmodel_name: old\n", "\uFEFFmodel_name: new\n"],
    ["model_name:\nb:  2\n", "model_name: new\nb:  2\n"],
    ["model_name: ~\nb:  2\n", "model_name: new\nb:  2\n"],
    ["{model_name: old, b: 2}\n", "{model_name: new, b: 2}\n"],
    ["{b: 2}\n", "{ b: 2, model_name: new }\n"],
  ])("%j", async (text, expected) => {
    expect(await setModelName(text, "new")).toBe(expected);
  });

  it.each(["model_name: >\n  old\n  name\nb: 2\n", "model_name: &a old\nb: *a\n", "b: &a old\nmodel_name: *a\n"])(
    "whatever stands there: %j",
    async (text) => {
      const { values, faults } = await parseConfig(await setModelName(text, "new"));
      expect(faults).toEqual([]);
      expect(values["model_name"]).toBe("new");
      expect(values).toHaveProperty("b");
    },
  );

  it("keeps any name", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), async (name) => {
        const { values } = await parseConfig(await setModelName("a: 1 # one\n", name));
        expect(values).toEqual({ a: 1, model_name: name });
      }),
    );
    for (const name of ["007", "yes", "null", "1e3", "a: b", "# x", "'", "~", "1:30"]) {
      expect((await parseConfig(await setModelName("model_name: old # x\n", name))).values).toEqual({
        model_name: name,
      });
    }
  });
});
