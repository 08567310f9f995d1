import { readHead } from "./listing.ts";
import { type PackageTarget, isFor, readPlatformWords } from "./target.ts";

/** What machine code a file holds. */
export interface NativeCode {
  readonly os: "linux" | "darwin" | "win32";
  /** Absent where the file holds code for several processors, or for one that we do not know. */
  readonly cpu?: "x64" | "arm64" | "other";
}

/** From the ELF header's `e_machine`. */
const elfMachines: Readonly<Record<number, "x64" | "arm64">> = { 0x3e: "x64", 0xb7: "arm64" };
/** From the Mach-O header's `cputype`. */
const machTypes: Readonly<Record<number, "x64" | "arm64">> = { 0x01000007: "x64", 0x0100000c: "arm64" };
const windowsNames = /\.(?:dll|exe|node)$/i;
const fatNames = /\.(?:dylib|node)$/i;

/** What a file's first bytes say, or `undefined` for one that is no machine code. */
export async function readNative(file: string): Promise<NativeCode | undefined> {
  const head = await readHead(file, 20);
  if (head.length < 20) return undefined;
  if (head.readUInt32BE(0) === 0x7f454c46) {
    const machine = head[5] === 1 ? head.readUInt16LE(18) : head.readUInt16BE(18);
    return { os: "linux", cpu: elfMachines[machine] ?? "other" };
  }
  if (head.readUInt32LE(0) === 0xfeedfacf) return { os: "darwin", cpu: machTypes[head.readUInt32LE(4)] ?? "other" };
  // Java's classes begin with the same four bytes, programs of DOS with the same two.
  if (head.readUInt32BE(0) === 0xcafebabe && fatNames.test(file)) return { os: "darwin" };
  if (head.toString("latin1", 0, 2) === "MZ" && windowsNames.test(file)) return { os: "win32" };
  return undefined;
}

/** Whether it runs on the target. Which C library it wants is told by its name only. */
export function runsOn({ os, cpu }: NativeCode, path: string, target: PackageTarget): boolean {
  return os === target.os && cpu === target.cpu && isFor(target, { libc: readPlatformWords(path).libc ?? [] });
}

/** Whether it is what this machine would load. */
export function runsHere({ os, cpu }: NativeCode): boolean {
  return os === process.platform && (cpu === undefined || cpu === process.arch);
}
