import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ProjectWatcher } from "../../../src/dev/watch.ts";

async function watchProject(files: readonly string[] = ["config.yaml", "model/model.ts"]) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "truss-watch-")));
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  const save = (file: string, text: string) => {
    write(`${file}.tmp.1`, text);
    renameSync(join(root, `${file}.tmp.1`), join(root, file));
  };
  for (const file of files) write(file, "first");
  const seen: string[][] = [];
  const rests: Promise<void>[] = [];
  const watcher = new ProjectWatcher({
    root,
    onChange: (changed, rest) => {
      seen.push(changed.map((file) => relative(root, file)).sort());
      rests.push(rest);
    },
    onTrouble: (message) => {
      throw new Error(message);
    },
  });
  onTestFinished(async () => {
    await watcher.close();
    rmSync(root, { recursive: true, force: true });
  });
  watcher.followFolder(join(root, "model"), join(root, "data"));
  await watcher.ready;
  await watcher.look();
  return { root, watcher, seen, rests, write, save };
}

const seeing = (seen: string[][], expected: string[][]) =>
  vi.waitFor(() => expect(seen).toEqual(expected), { timeout: 5_000 });

describe("the watcher", () => {
  it("sees an atomic save, again and again", async () => {
    const { root, watcher, seen, save } = await watchProject();
    watcher.followFiles([join(root, "model/model.ts")], Date.now() + 60_000);
    for (let turn = 1; turn <= 3; turn += 1) {
      save("model/model.ts", `turn ${turn}`);
      await seeing(
        seen,
        Array.from({ length: turn }, () => ["model/model.ts"]),
      );
    }
  });

  it("makes one of a burst", async () => {
    const { seen, write } = await watchProject();
    for (const name of ["a", "b", "c", "d"]) write(`model/${name}.ts`, "new");
    await seeing(seen, [["model/a.ts", "model/b.ts", "model/c.ts", "model/d.ts"]]);
  });

  it("tells of each known source of a burst once, the first of them ahead of the rest", async () => {
    const names = ["model/a.ts", "model/b.ts", "model/c.ts", "model/d.ts", "model/e.ts"];
    const { root, watcher, seen, rests, write } = await watchProject(["config.yaml", ...names]);
    const files = names.map((name) => join(root, name));
    watcher.followFiles(files, Date.now() + 60_000);
    for (const name of names) write(name, "second");
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(0), { timeout: 5_000 });
    // On a busy machine the system may tell of the whole burst in one go: then there is no first.
    await rests[0];
    expect(seen.flat().sort()).toEqual(names);
    expect(seen.length).toBeLessThanOrEqual(2);
    if (seen.length === 2) expect(seen[0]).toHaveLength(1);
  });

  it("makes few of the files that a program writes one after the other", async () => {
    const { seen, write } = await watchProject();
    const names = Array.from({ length: 12 }, (_, index) => `model/file-${index}.ts`);
    for (const name of names) {
      write(name, "new");
      await new Promise((resolve) => setTimeout(resolve, 8));
    }
    await vi.waitFor(() => expect(seen.flat().sort()).toEqual([...names].sort()), { timeout: 5_000 });
    expect(seen.length).toBeLessThanOrEqual(3);
  });

  it("sees a second write that comes while the first is reported", async () => {
    const { root, watcher, seen, write } = await watchProject();
    watcher.followFiles([join(root, "model/model.ts")], Date.now() + 60_000);
    write("model/model.ts", "second");
    await seeing(seen, [["model/model.ts"]]);
    write("model/model.ts", "third!");
    await seeing(seen, [["model/model.ts"], ["model/model.ts"]]);
  });

  it("sees a file go and come back", async () => {
    const { root, watcher, seen, write } = await watchProject();
    watcher.followFiles([join(root, "model/model.ts")], Date.now() + 60_000);
    rmSync(join(root, "model/model.ts"));
    await seeing(seen, [["model/model.ts"]]);
    write("model/model.ts", "back");
    await seeing(seen, [["model/model.ts"], ["model/model.ts"]]);
  });

  it("sees the model's folder go and come back", async () => {
    const { root, watcher, seen, write } = await watchProject();
    watcher.followFiles([join(root, "model/model.ts")], Date.now() + 60_000);
    renameSync(join(root, "model"), join(root, "elsewhere"));
    await seeing(seen, [["model/model.ts"]]);
    renameSync(join(root, "elsewhere"), join(root, "model"));
    await seeing(seen, [["model/model.ts"], ["model/model.ts"]]);
    write("model/model.ts", "edited after that");
    await seeing(seen, [["model/model.ts"], ["model/model.ts"], ["model/model.ts"]]);
  });

  it.each(["config.yaml", ".env", ".env.local", "package.json", "tsconfig.json"])("sees %s", async (name) => {
    const { seen, write } = await watchProject();
    write(name, "changed");
    await seeing(seen, [[name]]);
  });

  it("sees what a bundle took from elsewhere, and what it is waiting for", async () => {
    const { root, watcher, seen, write } = await watchProject(["config.yaml", "model/model.ts", "shared/util.ts"]);
    watcher.followFiles([join(root, "shared/util.ts"), join(root, "later/missing.ts")], Date.now() + 60_000);
    write("shared/util.ts", "changed");
    await seeing(seen, [["shared/util.ts"]]);
    write("later/missing.ts", "here");
    await seeing(seen, [["shared/util.ts"], ["later/missing.ts"]]);
    write("later/missing.ts", "changed");
    await seeing(seen, [["shared/util.ts"], ["later/missing.ts"], ["later/missing.ts"]]);
  });

  it("sees a file that comes into a new folder just when that begins to be watched", async () => {
    const { root, watcher, seen, write } = await watchProject();
    write("elsewhere/old.ts", "old");
    for (let later = 0; later < 16; later += 1) {
      const file = `elsewhere/new-${later}/file.ts`;
      watcher.followFiles([join(root, file)], Date.now() + 60_000);
      mkdirSync(dirname(join(root, file)));
      // The folder is seen about now, each time a little sooner before the file.
      await new Promise((resolve) => setTimeout(resolve, later));
      write(file, "new");
      await vi.waitFor(() => expect(seen.flat()).toContain(file), { timeout: 5_000 });
    }
  });

  it("takes a source written after the build began for changed", async () => {
    const began = Date.now() - 1_000;
    const { root, watcher, seen } = await watchProject();
    watcher.followFiles([join(root, "model/model.ts")], began);
    await seeing(seen, [["model/model.ts"]]);
  });

  it("does not look at data, packages and what editors leave", async () => {
    const { seen, write } = await watchProject();
    for (const file of [
      "data/big.bin",
      "node_modules/x/index.js",
      ".git/HEAD",
      "model/.model.ts.swp",
      "model/model.ts~",
      "notes.txt",
    ]) {
      write(file, "noise");
    }
    write("model/after.ts", "signal");
    await seeing(seen, [["model/after.ts"]]);
  });
});
