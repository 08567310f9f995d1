import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { createModel, makeArtifact } from "../unit/bundle/artifact-project.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Packages of the command line: none may reach what runs in production. */
const commandLine = [
  "commander",
  "@clack",
  "chokidar",
  "execa",
  "esbuild",
  "acorn",
  "zod",
  "yaml",
  "package-manager-detector",
];

async function bundleDoor(door: string) {
  const result = await build({
    absWorkingDir: root,
    stdin: { contents: `export * from "./src/${door}.ts";`, resolveDir: root, loader: "ts" },
    bundle: true,
    platform: "node",
    format: "esm",
    minify: true,
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const packages = Object.keys(result.metafile.inputs).flatMap(
    (input) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? [],
  );
  const files = Object.keys(result.metafile.inputs);
  return { files, packages: new Set(packages), bytes: result.outputFiles[0]?.contents.byteLength ?? 0 };
}

describe("what a packaged model carries", () => {
  it.each(["runtime", "runtime/artifact"])("by %s is the runtime and its four packages", async (door) => {
    const { files, packages, bytes } = await bundleDoor(door);
    // What `dev` looks at answers with.
    expect(files.filter((file) => file.includes("src/wire/check/"))).toEqual([]);
    expect([...packages].toSorted()).toEqual(["@hono/node-server", "@msgpack/msgpack", "hono", "ws"]);
    for (const name of commandLine) expect([...packages].filter((found) => found.startsWith(name))).toEqual([]);
    expect(bytes).toBeLessThan(400_000);
  });

  it("of a whole model is the same, told package by package, and weighs what they weigh", async () => {
    const root = createModel({
      "model/model.ts": `import { toChatCompletion, type ChatCompletionRequest } from "truss-ts";
export class Model {
  chat_completions(input: ChatCompletionRequest) { return toChatCompletion(input, ["Hello"]); }
}`,
    });
    const artifact = await makeArtifact(root);
    expect(artifact.bundled.map(({ name }) => name)).toEqual([
      "@hono/node-server",
      "@msgpack/msgpack",
      "hono",
      "truss-ts",
      "ws",
    ]);
    expect(artifact.inputs.filter((file) => /wire\/check|\/inspector-|\/cli\.js$/.test(file))).toEqual([]);
    // Not minified: its lines can be read where it runs.
    expect(Buffer.byteLength(artifact.code)).toBeLessThan(650_000);
    expect(artifact).toMatchObject({ outside: [], files: [], copies: [], warnings: [] });
  });

  it("of the main door is our own code alone", async () => {
    const { packages, bytes } = await bundleDoor("index");
    expect([...packages]).toEqual([]);
    // All helpers of all families; a bundle carries those that its model uses.
    expect(bytes).toBeLessThan(80_000);
  });
});
