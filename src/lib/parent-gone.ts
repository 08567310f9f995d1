import { readFileSync } from "node:fs";

const lookEveryMs = 500;
const shells = new Set(["sh", "ash", "bash", "dash", "zsh", "busybox"]);

/**
 * Calls back once when the process that started this one has ended, or, where that is a shell, as package managers put
 * one between, the process that started the shell (Linux only; other systems' shells leave none there). Numbers of
 * parents change then; on Windows they do not. Returns the way to stop looking.
 */
export function onParentGone(tell: () => void): () => void {
  const parent = process.ppid;
  const before = readStat(parent);
  const above = before !== undefined && shells.has(before.name) ? before.parent : undefined;
  const timer = setInterval(() => {
    if (process.ppid === parent && (above === undefined || readStat(parent)?.parent === above)) return;
    clearInterval(timer);
    tell();
  }, lookEveryMs).unref();
  return () => clearInterval(timer);
}

function readStat(pid: number): { name: string; parent: number } | undefined {
  try {
    const [, name = "", parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return { name, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
