import { describe, expect, test } from "vitest";
import { renderProject } from "../../../src/scaffold/render.ts";
import type { ProjectValues } from "../../../src/scaffold/render.ts";

const values: ProjectValues = { name: "My $& Model", packageManager: "npm", trussVersion: "^1.2.3" };

const template = {
  "README.md": "# chat\n\n`npm install`, then `npm run dev`, or `npx truss-ts check`.\n\n# Not the title\n",
  "config.yaml": "# a comment\nmodel_name: chat\nresources:\n  model_name: kept\n",
  "package.json": JSON.stringify({ name: "chat", dependencies: { "truss-ts": "^0.0.0", openai: "^6.0.0" } }),
  "model/model.ts": "// npm install chat\n",
};

describe("a rendered project", () => {
  test("has its name in three files, and the rest as it was", () => {
    expect(render(values)).toEqual({
      "README.md": "# My $& Model\n\n`npm install`, then `npm run dev`, or `npx truss-ts check`.\n\n# Not the title\n",
      "config.yaml": '# a comment\nmodel_name: "My $& Model"\nresources:\n  model_name: kept\n',
      "model/model.ts": "// npm install chat\n",
      "package.json": `{
  "name": "my-model",
  "dependencies": {
    "truss-ts": "^1.2.3",
    "openai": "^6.0.0"
  }
}
`,
    });
  });

  test("speaks of the package manager in use", () => {
    const readme = render({ ...values, packageManager: "pnpm" })["README.md"];
    expect(readme).toContain("`pnpm install`, then `pnpm run dev`, or `pnpm exec truss-ts check`");
  });

  test("has what pnpm and yarn need, in the order of paths", () => {
    expect(Object.keys(render({ ...values, packageManager: "pnpm" }))).toContain("pnpm-workspace.yaml");
    const paths = Object.keys(render({ ...values, packageManager: "yarn" }));
    expect(paths).toContain(".yarnrc.yml");
    expect(paths).toEqual(paths.toSorted());
  });

  test("is no namesake of its dependencies", () => {
    expect(render({ ...values, name: "openai" })["package.json"]).toContain('"name": "openai-model"');
  });
});

function render(given: ProjectValues): Record<string, string> {
  const files = Object.entries(template).map(([path, text]) => ({ path, content: Buffer.from(text) }));
  return Object.fromEntries(
    renderProject(files, given).map(({ path, content }) => [path, Buffer.from(content).toString("utf8")]),
  );
}
