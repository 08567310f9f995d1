import type { BuildOptions } from "esbuild";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type BuildKind, createRebuilder } from "../../../src/bundle/rebuilder.ts";
import { createSourcePlacesPlugin, sourcePlaces } from "../../../src/bundle/source-places.ts";
import { createTempProject, writeFiles } from "./temp-project.ts";

/** A rebuilder of real builds that tells which were quick. */
async function start(files: Readonly<Record<string, string>>) {
  const root = createTempProject(files);
  const inputs = new Set<string>();
  let [thorough, quick] = [0, 0];
  const optionsOf = ({ placed }: BuildKind): BuildOptions => ({
    absWorkingDir: root,
    entryPoints: ["./a.ts"],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    logLevel: "silent",
    metafile: placed !== undefined,
    define: sourcePlaces,
    plugins: [
      {
        name: "count",
        setup(build) {
          if (placed === undefined) build.onLoad({ filter: /.*/ }, ({ path }) => void inputs.add(path));
          build.onEnd(() => void (placed === undefined ? (thorough += 1) : (quick += 1)));
        },
      },
      createSourcePlacesPlugin(placed),
    ],
  });
  const rebuilder = createRebuilder({ root, optionsOf, clear: () => inputs.clear(), inputs });
  onTestFinished(() => rebuilder.dispose());
  const build = async (changed: Readonly<Record<string, string>> = {}) => {
    writeFiles(root, changed);
    const outcome = await rebuilder.rebuild();
    const names = [...inputs].filter((file) => !file.includes(":")).map((file) => file.slice(root.length + 1));
    return outcome instanceof Error
      ? { failed: outcome.message, names: names.sort() }
      : { text: outcome.outputFiles?.[0]?.text ?? "", names: names.sort() };
  };
  const counts = () => ({ thorough, quick });
  /** A quick context is got ready some time after a thorough build, which is told by a build that went by it alone. */
  const becomeQuick = async () => {
    const isQuick = async () => {
      const before = thorough;
      await build();
      expect(thorough).toBe(before);
    };
    await vi.waitFor(isQuick, { timeout: 20_000, interval: 600 });
    [thorough, quick] = [0, 0];
  };
  await becomeQuick();
  return { root, build, counts, becomeQuick };
}

const two = { "a.ts": 'import { b } from "./b.ts"; console.log(b);\n', "b.ts": "export const b = 1;\n" };

describe("later builds", () => {
  it("are quick, and know their sources, new ones too", async () => {
    const { build, counts } = await start(two);
    const built = await build({ "b.ts": 'export { c as b } from "./c.ts";\n', "c.ts": "export const c = 7;\n" });
    expect(built).toEqual({ text: expect.stringContaining("7"), names: ["a.ts", "b.ts", "c.ts"] });
    expect(counts()).toEqual({ thorough: 0, quick: 1 });
  });

  it("are thorough where a source begins to ask for its place, then quick again", async () => {
    const { root, build, counts, becomeQuick } = await start(two);
    const placed = await build({ "b.ts": "export const b = import.meta.url;\n" });
    expect(placed).toMatchObject({ text: expect.stringContaining(join(root, "b.ts")), names: ["a.ts", "b.ts"] });
    expect(counts()).toEqual({ thorough: 1, quick: 1 });
    await becomeQuick();
    const again = await build({ "b.ts": "export const b = [import.meta.url];\n" });
    expect(again).toMatchObject({ text: expect.stringContaining(join(root, "b.ts")) });
    expect(counts()).toEqual({ thorough: 0, quick: 1 });
  });

  it("that fail know every source on the way to the fault", async () => {
    const { build, counts } = await start({
      ...two,
      "b.ts": 'export { c as b } from "./c.ts";\n',
      "c.ts": "export const c = 1;\n",
    });
    const broken = await build({ "c.ts": "export const c = ;\n" });
    expect(broken).toMatchObject({ failed: expect.stringContaining("Unexpected"), names: ["a.ts", "b.ts", "c.ts"] });
    const mended = await build({ "c.ts": "export const c = 5;\n" });
    expect(mended).toMatchObject({ text: expect.stringContaining("5"), names: ["a.ts", "b.ts", "c.ts"] });
    expect(counts().thorough).toBe(2);
  });
});
