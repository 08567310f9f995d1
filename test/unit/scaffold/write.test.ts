import { existsSync, mkdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ProjectFile } from "../../../src/scaffold/render.ts";
import { writeProject } from "../../../src/scaffold/write.ts";
import { makeFolder, readTree } from "./folder.ts";

const files = [file("a.txt", "new a"), file("model/b.txt", "new b"), file("model/deep/c.txt", "new c")];
const written = { "a.txt": "new a", "model/b.txt": "new b", "model/deep/c.txt": "new c" };
const signal = new AbortController().signal;

describe("writing a project", () => {
  test("makes the folder and its parents, and leaves nothing beside it", async () => {
    const folder = makeFolder();
    await writeProject({ dir: join(folder, "one/two/project"), files, signal });
    expect(readTree(join(folder, "one"))).toEqual({
      "two/project/a.txt": "new a",
      "two/project/model/b.txt": "new b",
      "two/project/model/deep/c.txt": "new c",
    });
    // As mkdir makes it, not as private as a temporary folder.
    mkdirSync(join(folder, "ordinary"));
    expect(statSync(join(folder, "one/two/project")).mode).toBe(statSync(join(folder, "ordinary")).mode);
  });

  test("removes what killed runs have left beside it, and nothing else", async () => {
    const folder = makeFolder();
    const leave = (name: string, below: string, hoursAgo: number) => {
      mkdirSync(join(folder, name, below), { recursive: true });
      writeFileSync(join(folder, name, below, "x"), "");
      const then = Date.now() / 1000 - hoursAgo * 3600;
      utimesSync(join(folder, name), then, then);
    };
    leave(".truss-ts-aaaaaa", "new", 2);
    leave(".truss-ts-bbbbbb", "new", 0.5);
    leave(".truss-ts-cccccc", "old", 2);
    leave(".truss-ts-notours", "new", 2);
    await writeProject({ dir: join(folder, "project"), files: [file("a.txt", "a")], signal });
    expect(Object.keys(readTree(folder)).toSorted()).toEqual([
      ".truss-ts-bbbbbb/new/x",
      ".truss-ts-cccccc/old/x",
      ".truss-ts-notours/new/x",
      "project/a.txt",
    ]);
  });

  test("fills a folder without replacing it", async () => {
    const folder = makeFolder();
    const before = statSync(folder).ino;
    await writeProject({ dir: folder, files, signal });
    expect(readTree(folder)).toEqual(written);
    expect(statSync(folder).ino).toBe(before);
  });

  test("keeps what is not ours", async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, "model"));
    writeFileSync(join(folder, "model/mine.txt"), "mine");
    writeFileSync(join(folder, "a.txt"), "old a");
    await writeProject({ dir: folder, files, signal });
    expect(readTree(folder)).toEqual({ ...written, "model/mine.txt": "mine" });
  });

  test("puts everything back when a file cannot be written", async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, "a.txt"), "old a");
    mkdirSync(join(folder, "model"));
    // A file where a folder is needed: found only when the last one is moved into place.
    writeFileSync(join(folder, "model/deep"), "mine");
    const before = readTree(folder);
    await expect(writeProject({ dir: folder, files, signal })).rejects.toMatchObject({ code: "WRITE_FAILED" });
    expect(readTree(folder)).toEqual(before);
  });

  test("takes back the parents that it made", async () => {
    const folder = makeFolder();
    const dir = join(folder, "parent", "n".repeat(300));
    await expect(writeProject({ dir, files, signal })).rejects.toMatchObject({
      code: "WRITE_FAILED",
      message: expect.stringContaining("too long"),
    });
    expect(readTree(folder)).toEqual({});
  });

  test("a parent that is a file is a clear refusal", async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, "file"), "");
    const dir = join(folder, "file", "project");
    await expect(writeProject({ dir, files, signal })).rejects.toMatchObject({ code: "WRITE_FAILED" });
    expect(readTree(folder)).toEqual({ file: "" });
  });

  test("does not replace a link to nowhere", async () => {
    const folder = makeFolder();
    symlinkSync(join(folder, "nowhere"), join(folder, "link"));
    await expect(writeProject({ dir: join(folder, "link"), files, signal })).rejects.toMatchObject({
      code: "WRITE_FAILED",
    });
    expect(existsSync(join(folder, "nowhere"))).toBe(false);
  });

  // Every place at which an interruption can be noticed, one after the other.
  test.each([1, 2, 3, 4, 5, 6, 7])("undoes everything when interrupted at check %i", async (check) => {
    const folder = makeFolder();
    writeFileSync(join(folder, "a.txt"), "old a");
    const before = readTree(folder);
    const { signal: interrupted } = abortAtCheck(check);
    await expect(writeProject({ dir: folder, files, signal: interrupted })).rejects.toThrow("interrupted");
    expect(readTree(folder)).toEqual(before);
  });

  test.each([1, 2, 3, 4])("a new folder is gone again when interrupted at check %i", async (check) => {
    const folder = makeFolder();
    const { signal: interrupted } = abortAtCheck(check);
    const dir = join(folder, "parent/project");
    await expect(writeProject({ dir, files, signal: interrupted })).rejects.toThrow("interrupted");
    expect(readTree(folder)).toEqual({});
  });
});

function file(path: string, text: string): ProjectFile {
  return { path, content: Buffer.from(text) };
}

/** Aborts as the signal is looked at for the n-th time. */
function abortAtCheck(check: number): AbortController {
  const controller = new AbortController();
  let looked = 0;
  const throwIfAborted = controller.signal.throwIfAborted.bind(controller.signal);
  controller.signal.throwIfAborted = () => {
    looked += 1;
    if (looked === check) controller.abort(new Error("interrupted"));
    throwIfAborted();
  };
  return controller;
}
