import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

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
  it("is the runtime and its four packages, and nothing of the command line", async () => {
    const { files, packages, bytes } = await bundleDoor("runtime");
    // What `dev` looks at answers with.
    expect(files.filter((file) => file.includes("src/wire/check/"))).toEqual([]);
    expect([...packages].toSorted()).toEqual(["@hono/node-server", "@msgpack/msgpack", "hono", "ws"]);
    for (const name of commandLine) expect([...packages].filter((found) => found.startsWith(name))).toEqual([]);
    expect(bytes).toBeLessThan(400_000);
  });

  it("of the main door is our own code alone", async () => {
    const { packages, bytes } = await bundleDoor("index");
    expect([...packages]).toEqual([]);
    // All helpers of all families; a bundle carries those that its model uses.
    expect(bytes).toBeLessThan(80_000);
  });
});
