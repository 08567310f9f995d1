import { gzipSync } from "node:zlib";
import type { ProjectFile } from "./render.ts";

const block = 512;

/** An npm package's tarball of these files: gzipped ustar, all below `package/`, the same bytes each time. */
export function packFiles(files: readonly ProjectFile[]): Uint8Array {
  const parts = files.flatMap((file) => [
    header(`package/${file.path}`, file.content.byteLength),
    file.content,
    Buffer.alloc((block - (file.content.byteLength % block)) % block),
  ]);
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * block)]));
}

function header(path: string, size: number): Buffer {
  const { name, prefix } = splitPath(path);
  const bytes = Buffer.alloc(block);
  bytes.write(name, 0, 100);
  bytes.write(octal(path.startsWith("package/bin/") ? 0o755 : 0o644, 8), 100);
  bytes.write(octal(0, 8), 108);
  bytes.write(octal(0, 8), 116);
  bytes.write(octal(size, 12), 124);
  bytes.write(octal(0, 12), 136);
  bytes.write(" ".repeat(8), 148);
  bytes.write("0", 156);
  bytes.write("ustar\u000000", 257);
  bytes.write(prefix, 345, 155);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

/** ustar keeps a long path in two fields, cut at a slash. */
function splitPath(path: string): { name: string; prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: "" };
  const cut = path.indexOf("/", path.length - 101);
  if (cut === -1 || cut > 155) throw new Error(`the path is too long for a tarball: ${path}`);
  return { name: path.slice(cut + 1), prefix: path.slice(0, cut) };
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\0`;
}
