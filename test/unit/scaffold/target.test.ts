import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkTarget } from "../../../src/scaffold/create.ts";
import { findOverwrites, inspectTarget } from "../../../src/scaffold/target.ts";
import { makeFolder } from "./folder.ts";

const files = [
  { path: "a.txt", content: Buffer.from("a") },
  { path: "model/b.txt", content: Buffer.from("b") },
];

describe("the folder to write to", () => {
  test("is absent, empty or occupied", async () => {
    const folder = makeFolder();
    await expect(inspectTarget(join(folder, "none"))).resolves.toEqual({ state: "absent" });
    mkdirSync(join(folder, ".git"));
    writeFileSync(join(folder, ".DS_Store"), "");
    await expect(inspectTarget(folder)).resolves.toEqual({ state: "empty" });
    writeFileSync(join(folder, "notes.md"), "");
    await expect(inspectTarget(folder)).resolves.toEqual({ state: "occupied", entries: ["notes.md"] });
  });

  test("is refused when it holds anything, unless forced", async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, "notes.md"), "");
    await expect(checkTarget(folder, false)).rejects.toMatchObject({
      code: "DIRECTORY_NOT_EMPTY",
      exitCode: 1,
      message: expect.stringContaining("notes.md"),
    });
    await expect(checkTarget(folder, true)).resolves.toBeUndefined();
  });

  test("is refused when it is a file, is below one, or is a link to nowhere", async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, "file"), "");
    symlinkSync(join(folder, "nowhere"), join(folder, "link"));
    for (const name of ["file", "file/below", "link"]) {
      await expect(inspectTarget(join(folder, name))).rejects.toMatchObject({ code: "WRITE_FAILED" });
    }
  });
});

describe("what would be overwritten", () => {
  test("is what differs", async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, "model"));
    writeFileSync(join(folder, "a.txt"), "a");
    writeFileSync(join(folder, "model/b.txt"), "mine");
    await expect(findOverwrites(folder, files)).resolves.toEqual(["model/b.txt"]);
  });

  test("is never something outside, nor a folder", async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, "elsewhere"));
    symlinkSync(join(folder, "elsewhere"), join(folder, "model"));
    await expect(findOverwrites(folder, files)).rejects.toMatchObject({ code: "WRITE_FAILED" });
    mkdirSync(join(folder, "a.txt"));
    await expect(findOverwrites(folder, files)).rejects.toMatchObject({ code: "WRITE_FAILED" });
  });

  test("is never a pipe, which nobody may ever write to", async () => {
    const folder = makeFolder();
    execFileSync("sh", ["-c", `mkfifo "$0"`, join(folder, "a.txt")]);
    await expect(findOverwrites(folder, files)).rejects.toMatchObject({
      code: "WRITE_FAILED",
      message: expect.stringContaining("a.txt stands in the way"),
    });
  });
});
