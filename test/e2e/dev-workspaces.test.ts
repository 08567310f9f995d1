import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { DevServer, createProject, patience } from "./dev-server.ts";

const app = "apps/x";
const model = `${app}/model/model.ts`;
const manifest = (name: string, more: object = {}) => JSON.stringify({ name, type: "module", ...more });

/** What `npm install` makes of workspaces: links in the root's `node_modules`, one lockfile there. */
function createMonorepo(modelText: string, packages: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const files: Record<string, string> = {
    "package.json": manifest("mono", { workspaces: ["apps/*", "packages/*"] }),
    "package-lock.json": "{}",
    [`${app}/package.json`]: manifest("x"),
    [`${app}/config.yaml`]: "model_name: x\n",
    [model]: modelText,
  };
  for (const [name, inner] of Object.entries(packages)) {
    for (const [file, text] of Object.entries(inner)) files[`packages/${name}/${file}`] = text;
  }
  const project = createProject(files);
  mkdirSync(join(project.dir, "node_modules", "@mono"));
  for (const name of Object.keys(packages)) {
    symlinkSync(join(project.dir, "packages", name), join(project.dir, "node_modules", "@mono", name), "junction");
  }
  return project;
}

it("a linked package in TypeScript is part of the model: its edits show, and its errors are at their place", async () => {
  const project = createMonorepo(
    'import { shared } from "@mono/shared";\nimport { sub } from "@mono/shared/sub";\nexport class Model { predict(input: { fail?: boolean }) { return [shared(input.fail), sub]; } }\n',
    {
      shared: {
        "package.json": manifest("@mono/shared", { exports: { ".": "./src/index.ts", "./sub": "./src/sub.ts" } }),
        "src/index.ts":
          'import { help } from "./help.js";\nexport function shared(fail = false) {\n  if (fail) throw new Error("from shared");\n  return help;\n}\n',
        "src/help.ts": "export const help: number = 1;",
        "src/sub.ts": "export const sub: number = 1;",
      },
    },
  );
  const dev = new DevServer(join(project.dir, app));
  await dev.answers([1, 1]);
  project.save("packages/shared/src/help.ts", "export const help: number = 2;");
  expect(await dev.event("reloaded")).toMatchObject({ changed: ["../../packages/shared/src/help.ts"] });
  await dev.answers([2, 1]);
  project.save("packages/shared/src/sub.ts", "export const sub: number = 2;");
  await dev.answers([2, 2]);
  expect((await dev.predict({ fail: true })).status).toBe(500);
  await vi.waitFor(
    () =>
      expect(dev.stderr).toMatch(
        /from shared[^]*\.\.\/\.\.\/packages\/shared\/src\/index\.ts:3:[^]*❯ 3 │ {3}if \(fail\)/,
      ),
    patience,
  );
});

it("a linked package that is compiled stays a package, and each of its edits is served, never an older copy", async () => {
  const project = createMonorepo(
    'import { value } from "@mono/compiled";\nexport class Model { predict() { return value; } }\n',
    {
      compiled: {
        "package.json": manifest("@mono/compiled", { main: "dist/index.js", dependencies: { "@mono/deep": "*" } }),
        "dist/index.js": 'import { deep } from "@mono/deep";\nexport const value = ["one", deep];\n',
      },
      deep: { "package.json": manifest("@mono/deep", { main: "index.js" }), "index.js": "export const deep = 1;" },
    },
  );
  const dev = new DevServer(join(project.dir, app));
  await dev.answers(["one", 1]);
  for (const word of ["two", "three"]) {
    project.save(
      "packages/compiled/dist/index.js",
      `import { deep } from "@mono/deep";\nexport const value = ["${word}", deep];\n`,
    );
    await dev.answers([word, 1]);
  }
  project.save("packages/deep/index.js", "export const deep = 2;");
  await dev.answers(["three", 2]);
});

it("a project that is opened by a link to its folder is served, reloaded and explained as itself", async () => {
  const project = createProject({
    "real/config.yaml": "model_name: test\n",
    "real/model/model.ts":
      'import { value } from "./value.ts";\nexport class Model {\n  predict(input: { fail?: boolean }) { if (input.fail) throw new Error("linked"); return value; }\n}\n',
    "real/model/value.ts": "export const value = 1;",
  });
  symlinkSync(join(project.dir, "real"), join(project.dir, "link"), "junction");
  const dev = new DevServer(join(project.dir, "link"));
  await dev.answers(1);
  project.save("real/model/value.ts", "export const value = 2;");
  expect(await dev.event("reloaded")).toMatchObject({ changed: ["model/value.ts"] });
  await dev.answers(2);
  expect((await dev.predict({ fail: true })).status).toBe(500);
  await vi.waitFor(() => expect(dev.stderr).toMatch(/linked\n\n {2}model\/model\.ts:3:/), patience);
});
