import { expect, it } from "vitest";
import { createProject, startDev } from "./dev-server.ts";

const model = "model/model.ts";
const tsconfig = (compilerOptions: object, more: object = {}) => JSON.stringify({ ...more, compilerOptions });
const usesLib = 'import { value } from "@lib/value";\nexport class Model { predict() { return value; } }\n';

it("aliases come from tsconfig.json and all that it extends, a package's too, and edits of each apply", async () => {
  const project = createProject({
    [model]: usesLib,
    "tsconfig.json": `{ // a comment, and a comma too many
      "extends": ["./config/paths", "@acme/tsconfig/strict.json",], "compilerOptions": {} }`,
    "config/paths.json": tsconfig({ paths: { "@lib/*": ["../one/*"] } }),
    "one/value.ts": "export const value: number = 1;",
    "two/value.ts": "export const value: number = 2;",
    "three/value.ts": "export const value: number = 3;",
    "four/value.ts": "export const value: number = 4;",
  });
  project.save("node_modules/@acme/tsconfig/package.json", '{"name":"@acme/tsconfig"}');
  project.save("node_modules/@acme/tsconfig/strict.json", tsconfig({ strict: true }));
  const dev = startDev(project);
  await dev.answers(1);
  project.save("config/paths.json", tsconfig({ paths: { "@lib/*": ["../two/*"] } }));
  expect(await dev.event("reloaded")).toMatchObject({ changed: ["config/paths.json"] });
  await dev.answers(2);
  project.save("node_modules/@acme/tsconfig/strict.json", tsconfig({ paths: { "@lib/*": ["../../../three/*"] } }));
  await dev.answers(3);
  project.save("tsconfig.json", tsconfig({ baseUrl: ".", paths: { "@lib/*": ["four/*"] } }));
  await dev.answers(4);
});

it("an alias to a file that is not there is told as that, and its coming is seen", async () => {
  const project = createProject({
    [model]: usesLib,
    "tsconfig.json": tsconfig({ paths: { "@lib/*": ["./src/lib/*"] } }),
  });
  const dev = startDev(project);
  expect(await dev.event("reload_failed")).toMatchObject({
    code: "BUILD_FAILED",
    message: 'Could not resolve "@lib/value": "paths" in tsconfig.json lead to src/lib/value, which is not there',
    file: model,
    line: 1,
  });
  project.save("src/lib/value.ts", 'export const value = "there";');
  await dev.answers("there");
});

it("takes JSON, texts, baseUrl and decorators of both kinds", async () => {
  const project = createProject({
    [model]: `import data from "src/data.json";
import same from "../src/data.json" with { type: "json" };
import prompt from "../src/prompt.txt";
import { legacy } from "../legacy/legacy";
const named = (method: Function, { name }: ClassMethodDecoratorContext) =>
  function (this: unknown, ...args: unknown[]) { return [String(name), method.apply(this, args)]; };
class Counter { accessor count = 1; }
export class Model {
  @named
  predict() { return [data.n, same.n, prompt, legacy(), new Counter().count]; }
}
`,
    "tsconfig.json": tsconfig({ baseUrl: "." }),
    "src/data.json": '{"n":1}',
    "src/prompt.txt": "Be kind.",
    "legacy/tsconfig.json": tsconfig({ experimentalDecorators: true, emitDecoratorMetadata: true }),
    "legacy/legacy.ts": `const seen: string[] = [];
function mark(target: object, key: string, at: number | PropertyDescriptor) { seen.push(key + typeof at); }
class Old { @mark run(@mark _input: string) {} }
export const legacy = () => [Old.name, seen];
`,
  });
  const dev = startDev(project);
  await dev.answers(["predict", [1, 1, "Be kind.", ["Old", ["runnumber", "runobject"]], 1]]);
  project.save("src/data.json", '{"n":2}');
  await dev.event("reloaded");
  project.save("src/prompt.txt", "Be brief.");
  await dev.answers(["predict", [2, 2, "Be brief.", ["Old", ["runnumber", "runobject"]], 1]]);
});
