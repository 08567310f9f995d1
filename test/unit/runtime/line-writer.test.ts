import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLineWriter } from "../../../src/runtime/line-writer.ts";

let folder: string;
const opened: number[] = [];
const open = (file: string, flags: number) => {
  const fd = openSync(file, flags, 0o600);
  opened.push(fd);
  return fd;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "truss-ts-lines-"));
});
afterEach(() => {
  for (const fd of opened.splice(0)) closeSync(fd);
  rmSync(folder, { recursive: true });
});

describe("createLineWriter", () => {
  it("writes what was given, in order, soon or when told to", async () => {
    const file = join(folder, "lines");
    const writer = createLineWriter(open(file, constants.O_WRONLY | constants.O_CREAT));
    writer.write("one\n");
    writer.write("twö\n");
    await vi.waitUntil(() => readFileSync(file, "utf8") === "one\ntwö\n");
    writer.write("three\n");
    writer.flush();
    expect(readFileSync(file, "utf8")).toBe("one\ntwö\nthree\n");
    writer.flush();
  });

  it("a reader that is slow gets whole lines, in order", async () => {
    const pipe = join(folder, "pipe");
    makePipe(pipe);
    const reader = open(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = createLineWriter(open(pipe, constants.O_WRONLY | constants.O_NONBLOCK));
    const lines = Array.from({ length: 5000 }, (_, index) => `${JSON.stringify({ index, text: "ä".repeat(100) })}\n`);
    for (const line of lines) writer.write(line);
    writer.flush();
    const chunks: Buffer[] = [];
    await vi.waitUntil(
      () => {
        const chunk = Buffer.alloc(30_000);
        const size = readSome(reader, chunk);
        chunks.push(chunk.subarray(0, size));
        return Buffer.concat(chunks).byteLength >= Buffer.byteLength(lines.join(""));
      },
      { interval: 2, timeout: 10_000 },
    );
    expect(Buffer.concat(chunks).toString()).toBe(lines.join(""));
  });

  it("a reader that takes nothing loses lines, not memory", () => {
    const pipe = join(folder, "pipe");
    makePipe(pipe);
    const reader = open(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = createLineWriter(open(pipe, constants.O_WRONLY | constants.O_NONBLOCK));
    const line = `${"x".repeat(1023)}\n`;
    for (let count = 0; count < 10_000; count += 1) writer.write(line);
    let read = 0;
    for (let round = 0; round < 1000; round += 1) {
      writer.flush();
      read += readSome(reader, Buffer.alloc(65_536));
    }
    expect(read).toBeLessThan(6 * 1024 * 1024);
    expect(read % 1024).toBe(0);
  });

  it("a reader that is gone does no harm", () => {
    const fd = openSync(join(folder, "closed"), constants.O_WRONLY | constants.O_CREAT, 0o600);
    closeSync(fd);
    const writer = createLineWriter(fd);
    writer.write("into nothing\n");
    expect(() => writer.flush()).not.toThrow();
  });
});

/** Node has no call of its own for it. */
function makePipe(file: string): void {
  execFileSync("sh", ["-c", `mkfifo "$0"`, file]);
}

function readSome(fd: number, into: Buffer): number {
  try {
    return readSync(fd, into);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
    throw error;
  }
}
