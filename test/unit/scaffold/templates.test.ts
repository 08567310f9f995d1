import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../../src/lib/package-root.ts";
import { defaultTemplate, findTemplate, listTemplates, readTemplateFiles } from "../../../src/scaffold/templates.ts";

const names = ["chat", "minimal", "completions", "embeddings", "anthropic", "openai-proxy", "ocr"];

describe("the templates", () => {
  test("are the seven, the default first", () => {
    expect(listTemplates().map(({ name }) => name)).toEqual(names);
    expect(names[0]).toBe(defaultTemplate);
  });

  test.each(names)("%s is a whole project", (name) => {
    const template = findTemplate(name);
    expect(template.title).not.toBe("");
    expect(template.description).not.toBe("");
    const files = new Map(readTemplateFiles(template).map(({ path, content }) => [path, content.toString()]));
    for (const path of [
      ".env.example",
      ".gitignore",
      "README.md",
      "model/model.ts",
      "test/model.test.ts",
      "tsconfig.json",
    ]) {
      expect([...files.keys()]).toContain(path);
    }
    expect([...files.keys()]).not.toContain("template.json");
    expect(files.get("config.yaml")).toMatch(/^# yaml-language-server: \$schema=https:\/\/\S+\nmodel_name: /);
    expect(files.get(".gitignore")).toMatch(/^\.env$/m);
    const manifest: unknown = JSON.parse(files.get("package.json") ?? "");
    expect(manifest).toMatchObject({
      type: "module",
      scripts: { dev: "truss-ts dev", check: expect.any(String), test: expect.any(String), push: "truss-ts push" },
      dependencies: { "truss-ts": expect.any(String) },
    });
  });

  test.each(names)("%s asks for the versions that are tested here", (name) => {
    const ours = versionsOf(readFileSync(join(packageRoot(), "package.json"), "utf8"));
    const asked = versionsOf(readFileSync(join(findTemplate(name).dir, "package.json"), "utf8"));
    for (const [dependency, range] of asked) {
      if (dependency !== "truss-ts") expect([dependency, range]).toEqual([dependency, `^${ours.get(dependency)}`]);
    }
  });

  test("an unknown one is refused with the nearest", () => {
    const refusal = { code: "TEMPLATE_UNKNOWN", exitCode: 2, hint: expect.stringContaining("Did you mean minimal?") };
    expect(() => findTemplate("minmal")).toThrowError(expect.objectContaining(refusal));
    expect(() => findTemplate("../src")).toThrowError(expect.objectContaining({ code: "TEMPLATE_UNKNOWN" }));
  });
});

function versionsOf(text: string): Map<string, string> {
  const manifest: unknown = JSON.parse(text);
  const section = (key: string): [string, unknown][] => Object.entries(Object(Reflect.get(Object(manifest), key)));
  return new Map(
    [...section("dependencies"), ...section("devDependencies")].map(([name, range]) => [name, String(range)]),
  );
}
