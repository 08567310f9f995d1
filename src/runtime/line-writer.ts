import { writeSync } from "node:fs";

export interface LineWriter {
  write(line: string): void;
  flush(): void;
}

/** Longest time that a line waits for others to be written with. Milliseconds. */
const batchMs = 20;

/** Writes lines to a descriptor in batches, so that a busy server pays one system call for many. */
export function createLineWriter(fd: number): LineWriter {
  let lines: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (lines.length === 0) return;
    const bytes = Buffer.from(lines.join(""));
    lines = [];
    writeAll(fd, bytes);
  };
  return {
    write(line) {
      lines.push(line);
      timer ??= setTimeout(flush, batchMs).unref();
    },
    flush,
  };
}

/** A reader that is slow or gone must not bring the server down: what it does not take is lost. */
function writeAll(fd: number, bytes: Buffer): void {
  let written = 0;
  for (let tries = 0; written < bytes.byteLength && tries < 100; tries += 1) {
    try {
      written += writeSync(fd, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
    }
  }
}
