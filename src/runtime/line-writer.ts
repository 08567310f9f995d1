import { writeSync } from "node:fs";

export interface LineWriter {
  write(line: string): void;
  flush(): void;
}

/** Longest time that a line waits for others to be written with. Milliseconds. */
const batchMs = 20;
/** What is kept for a reader that is slow. Above it lines are lost, but never a part of one. */
const maxWaitingChars = 4 * 1024 * 1024;

/** Writes lines to a descriptor in batches, so that a busy server pays one system call for many. */
export function createLineWriter(fd: number): LineWriter {
  let lines: string[] = [];
  let chars = 0;
  let rest: Buffer = Buffer.alloc(0);
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const bytes = lines.length === 0 ? rest : Buffer.concat([rest, Buffer.from(lines.join(""))]);
    lines = [];
    rest = writeSome(fd, bytes);
    chars = rest.byteLength;
    if (rest.byteLength > 0) timer = setTimeout(flush, batchMs).unref();
  };
  return {
    write(line) {
      if (chars + line.length > maxWaitingChars) return;
      chars += line.length;
      lines.push(line);
      timer ??= setTimeout(flush, batchMs).unref();
    },
    flush,
  };
}

/** Writes what the reader takes now, and returns the rest. One that is gone must not bring the server down. */
function writeSome(fd: number, bytes: Buffer): Buffer {
  let written = 0;
  while (written < bytes.byteLength) {
    try {
      written += writeSync(fd, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") break;
      return Buffer.alloc(0);
    }
  }
  return bytes.subarray(written);
}
