import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { type TestProject, createProject, modelOf, patience, startDev } from "./dev-server.ts";

const model = "model/model.ts";
const manifest = (more: object) => JSON.stringify({ name: "test", type: "module", ...more });

/** A package as npm would fetch it: a tarball, so that no network is needed. */
function packPackage(name: string, version: string, files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), "truss-pack-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const all = { "package.json": JSON.stringify({ name, version, main: "index.js" }), ...files };
  mkdirSync(join(dir, "package"));
  for (const [file, text] of Object.entries(all)) writeFileSync(join(dir, "package", file), text);
  execFileSync("tar", ["-czf", `${name}-${version}.tgz`, "package"], { cwd: dir });
  return join(dir, `${name}-${version}.tgz`);
}

function npm(project: TestProject, ...args: string[]): void {
  const quiet = ["--offline", "--no-audit", "--no-fund", "--silent"];
  execFileSync("npm", [...args, ...quiet], { cwd: project.dir, stdio: "pipe", shell: process.platform === "win32" });
}

it("a package that is installed while dev runs is picked up, and so is another version of it", async () => {
  const project = createProject({ [model]: modelOf("before") });
  const dev = startDev(project);
  await dev.answers("before");
  project.save(model, 'import { it } from "it-pack";\nexport class Model { predict() { return it; } }\n');
  expect(await dev.event("reload_failed")).toMatchObject({
    code: "BUILD_FAILED",
    message: 'Cannot find package "it-pack". Run: npm install it-pack',
    line: 1,
  });
  npm(project, "install", packPackage("it-pack", "1.0.0", { "index.js": 'exports.it = "one";' }));
  await dev.answers("one");
  npm(project, "install", packPackage("it-pack", "2.0.0", { "index.js": 'exports.it = "two";' }));
  await dev.answers("two");
  // The spare that waits by now must have loaded the new one as well.
  project.save(model, 'import { it } from "it-pack";\nexport class Model { predict() { return [it]; } }\n');
  await dev.answers(["two"]);
});

it("a package that only load() asks for is picked up too", async () => {
  const source =
    'export class Model { async load() { this.it = (await import("it-pack")).it; } predict() { return this.it; } }';
  const project = createProject({ "model/model.js": source });
  const dev = startDev(project);
  expect(await dev.event("reload_failed")).toMatchObject({ code: "LOAD_FAILED" });
  npm(project, "install", packPackage("it-pack", "1.0.0", { "index.js": 'exports.it = "one";' }));
  await dev.answers("one");
});

it("a package that is put in place by hand is picked up, and an edit of package.json applies", async () => {
  const project = createProject({
    [model]: 'import { it } from "it-hand";\nexport class Model { predict() { return it; } }\n',
    "package.json": manifest({ dependencies: { "it-hand": "1.0.0" } }),
  });
  const dev = startDev(project);
  expect((await dev.event("reload_failed")).message).toBe('Cannot find package "it-hand". Run: npm install');
  project.save("node_modules/it-hand/index.js", 'export const it = "hand";');
  project.save("node_modules/it-hand/package.json", '{"name":"it-hand","type":"module","main":"index.js"}');
  await dev.answers("hand");
  project.save(model, 'import { it } from "#inner";\nexport class Model { predict() { return it; } }\n');
  expect((await dev.event("reload_failed", 2)).message).toContain("#inner");
  project.save("model/inner.ts", 'export const it: string = "inner";');
  project.save("package.json", manifest({ imports: { "#inner": "./model/inner.ts" } }));
  await dev.answers("inner");
});

it(
  "npm's own removal of everything is lived through, and the reinstallation seen",
  { timeout: 4 * patience.timeout },
  async () => {
    const tarball = packPackage("it-pack", "1.0.0", { "index.js": 'exports.it = "one";' });
    const project = createProject({
      [model]: 'import { it } from "it-pack";\nexport class Model { predict() { return it; } }\n',
    });
    npm(project, "install", tarball);
    const dev = startDev(project);
    await dev.answers("one");
    rmSync(join(project.dir, "node_modules"), { recursive: true });
    await dev.event("reload_failed");
    await dev.answers("one");
    npm(project, "install");
    await dev.event("reloaded");
    await dev.answers("one");
  },
);
