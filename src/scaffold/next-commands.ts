import { relative, sep } from "node:path";
import { installCommand, runCommand } from "./package-manager.ts";
import type { PackageManager } from "./package-manager.ts";

export interface NextOptions {
  readonly dir: string;
  readonly cwd: string;
  readonly packageManager: PackageManager;
  readonly installed: boolean;
}

/** What to type next, one command a line, ready to paste. */
export function nextCommands({ dir, cwd, packageManager, installed }: NextOptions): string[] {
  const path = relative(cwd, dir);
  return [
    ...(path === "" ? [] : [`cd ${quote(path.startsWith(`..${sep}`) ? dir : path)}`]),
    ...(installed ? [] : [installCommand(packageManager)]),
    runCommand(packageManager, "dev"),
  ];
}

/** For POSIX shells; a leading dash would be taken for an option. */
function quote(path: string): string {
  const safe = path.startsWith("-") ? `./${path}` : path;
  return /^[\w@%+=:,./-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", `'\\''`)}'`;
}
