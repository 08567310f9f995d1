import type { Platform } from "../platform.ts";

export type Libc = "glibc" | "musl";

/** What packages are installed for, in the words of package.json: `os`, `cpu`, `libc`. */
export interface PackageTarget {
  readonly os: "linux";
  readonly cpu: "x64" | "arm64";
  readonly libc: Libc;
}

/** What a package says it is for. Absent: for everything. */
export interface Restrictions {
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

export function packageTarget({ architecture }: Platform, libc: Libc): PackageTarget {
  return { os: "linux", cpu: architecture === "amd64" ? "x64" : "arm64", libc };
}

/** As people write it: `linux/arm64`, and with the C library where it is not the usual one. */
export function targetName({ cpu, libc }: PackageTarget): string {
  return `linux/${cpu === "x64" ? "amd64" : "arm64"}${libc === "musl" ? " with musl" : ""}`;
}

/** Whether npm would install it there. `!win32` means everything else. */
export function isFor(target: PackageTarget, { os, cpu, libc }: Restrictions): boolean {
  return allows(os, target.os) && allows(cpu, target.cpu) && allows(libc, target.libc);
}

function allows(list: readonly string[] | undefined, value: string): boolean {
  if (list === undefined || list.length === 0 || list.includes("any")) return true;
  if (list.includes(`!${value}`)) return false;
  const wanted = list.filter((entry) => !entry.startsWith("!"));
  return wanted.length === 0 || wanted.includes(value);
}

const systems: Readonly<Record<string, string>> = {
  linux: "linux",
  linuxmusl: "linux",
  darwin: "darwin",
  macos: "darwin",
  win32: "win32",
  windows: "win32",
  freebsd: "freebsd",
  openbsd: "openbsd",
  netbsd: "netbsd",
  android: "android",
  sunos: "sunos",
  aix: "aix",
  openharmony: "openharmony",
};
const processors: Readonly<Record<string, string>> = {
  x64: "x64",
  amd64: "x64",
  arm64: "arm64",
  aarch64: "arm64",
  arm: "arm",
  armv7: "arm",
  armv6: "arm",
  ia32: "ia32",
  x86: "ia32",
  ppc64: "ppc64",
  ppc64le: "ppc64",
  s390x: "s390x",
  riscv64: "riscv64",
  loong64: "loong64",
  mips64el: "mips64el",
  universal: "any",
};
const libraries: Readonly<Record<string, string>> = { musl: "musl", linuxmusl: "musl", gnu: "glibc", glibc: "glibc" };

/** What a name such as `@img/sharp-linuxmusl-arm64` or `prebuilds/darwin-x64` says of what it is for. */
export function readPlatformWords(name: string): Restrictions {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  const os = words.map((word) => systems[word]).find((found) => found !== undefined);
  const cpu = words.map((word) => processors[word]).find((found) => found !== undefined);
  const libc = words.map((word) => libraries[word]).find((found) => found !== undefined);
  return {
    ...(os === undefined ? {} : { os: [os] }),
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(libc === undefined ? {} : { libc: [libc] }),
  };
}
